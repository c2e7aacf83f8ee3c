import { MailboxFullError, Pool, RetryInvoker, type RetryOptions } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Flaky } from '../fixtures/services/flaky.ts'
import { WatchedClock } from '../fixtures/watched-clock.ts'

const flaky = { name: 'flaky', module: fixture('flaky.ts') }

describe.each(KINDS)('in a %s:', (kind) => {
  async function spawnFlaky(pool: Pool, options: RetryOptions = {}) {
    const clock = new WatchedClock()
    const invoker = new RetryInvoker({ clock, jitter: 0, ...options })
    const handle = await (await placeOf(pool, kind)).spawn<Flaky>({ ...flaky, invoker })
    return { clock, invoker, handle, proxy: handle.proxy }
  }

  describe('a retried call', () => {
    it('of an idempotent method is made again, after waits that grow, until it succeeds', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnFlaky(pool, { attempts: 4 })
      const read = proxy.read('k', 3)
      for (const waitMs of [50, 100, 200]) {
        expect(await clock.nextTimer()).toBe(waitMs)
        await clock.advance(waitMs)
      }
      expect(await read).toBe(4)
      expect(clock.pending).toBe(0)
    })

    it('rejects with the error of the last attempt, its class kept, and how many there were', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnFlaky(pool)
      const rejected = expect(proxy.read('k', 9)).rejects.toThrow(
        expect.objectContaining({ constructor: RangeError, message: 'run 3', attempts: 3 }),
      )
      for (const _ of [1, 2]) await clock.advance(await clock.nextTimer())
      await rejected
    })

    it('that may have run is not made again when its method is not idempotent', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnFlaky(pool)
      await expect(proxy.write('k', 9)).rejects.toMatchObject({ message: 'run 1', attempts: 1 })
      expect(await proxy.runs('k')).toBe(1)
    })

    it('that never left the mailbox is made again, idempotent or not', async () => {
      await using pool = new Pool()
      const { clock, handle, proxy } = await spawnFlaky(pool, { capacity: 1 })
      await handle.pause()
      const writes = [proxy.write('a', 0), proxy.write('b', 0)]
      const waitMs = await clock.nextTimer()
      await handle.start()
      await writes[0]
      await clock.advance(waitMs)
      expect(await Promise.all(writes)).toEqual([1, 1])
    })

    it('whose method met a full mailbox elsewhere has run, and is made again only if it is idempotent', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnFlaky(pool)
      await expect(proxy.writeElsewhere('w')).rejects.toThrow(MailboxFullError)
      expect(await proxy.runs('w')).toBe(1)
      const read = proxy.readElsewhere('r', 1)
      await clock.advance(await clock.nextTimer())
      expect(await read).toBe(2)
    })

    it('outlives a crash of its service', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const invoker = new RetryInvoker({ clock })
      const { proxy } = await (await placeOf(pool, kind)).spawn<Flaky>({
        ...flaky,
        invoker,
        supervision: { restart: 'permanent' },
      })
      const crashed = proxy.crashOnce()
      await clock.advance(await clock.nextTimer())
      expect(await crashed).toBe(2)
    })

    it('is not made again once its service has crashed for good', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnFlaky(pool)
      await expect(proxy.crashOnce()).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED', attempts: 1 })
    })

    it('of an unknown method is not made again', async () => {
      await using pool = new Pool()
      const { handle } = await spawnFlaky(pool)
      const proxy = handle.proxy as unknown as { nothing(): Promise<void> }
      await expect(proxy.nothing()).rejects.toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_METHOD', attempts: 1 })
    })

    it('is made again for the errors that `isWorthRetry` picks, and then only where that is safe', async () => {
      await using pool = new Pool()
      const asked: string[] = []
      const isWorthRetry = (error: unknown, { method }: { method: string }) => {
        asked.push(method)
        return (error as Error).message === 'run 1'
      }
      const { clock, proxy } = await spawnFlaky(pool, { isWorthRetry })
      const read = expect(proxy.read('r', 9)).rejects.toMatchObject({ message: 'run 2', attempts: 2 })
      await clock.advance(await clock.nextTimer())
      await read
      await expect(proxy.write('w', 9)).rejects.toMatchObject({ message: 'run 1', attempts: 1 })
      expect(asked).toEqual(['read', 'read'])
    })

    it('leaves as much of its wait to chance as `jitter` says', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnFlaky(pool, { minMs: 80, jitter: 0.5, random: () => 0.5 })
      const read = proxy.read('k', 1)
      expect(await clock.nextTimer()).toBe(60)
      await clock.advance(60)
      expect(await read).toBe(2)
    })

    it('does not begin a wait that its time would not outlast', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnFlaky(pool, { minMs: 60_000, maxMs: 60_000 })
      const read = proxy.$with({ timeoutMs: 30_000 }).read('k', 9)
      await expect(read).rejects.toMatchObject({ message: 'run 1', attempts: 1 })
      expect(clock.pending).toBe(0)
    })

    it('is not made again when its wait took longer than its time', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnFlaky(pool, { minMs: 1 })
      const read = proxy.$with({ timeoutMs: 500 }).read('k', 9)
      const rejected = expect(read).rejects.toMatchObject({ message: 'run 1', attempts: 1 })
      const madeAtMs = performance.now()
      await clock.nextTimer()
      while (performance.now() < madeAtMs + 501) {}
      await clock.advance(1)
      await rejected
    })

    it('ends its wait when its caller’s signal aborts', async () => {
      await using pool = new Pool()
      const { clock, invoker, proxy } = await spawnFlaky(pool)
      const caller = new AbortController()
      const reason = new Error('changed my mind')
      const rejected = expect(proxy.$with({ signal: caller.signal }).read('k', 9)).rejects.toBe(reason)
      await clock.nextTimer()
      caller.abort(reason)
      await rejected
      expect([clock.pending, invoker.waiting, 'attempts' in reason]).toEqual([0, 0, false])
    })

    it('is rejected at once when as many wait as may', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnFlaky(pool, { maxWaiting: 1 })
      const first = proxy.read('a', 1)
      await clock.nextTimer()
      await expect(proxy.read('b', 1)).rejects.toMatchObject({ message: 'run 1', attempts: 1 })
      await clock.advance(50)
      expect(await first).toBe(2)
    })

    it('shows its caller in the stack of its last error', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnFlaky(pool, { attempts: 2 })
      async function readTheManual(): Promise<void> {
        await proxy.read('k', 9)
      }
      const rejected = expect(readTheManual()).rejects.toMatchObject({
        stack: expect.stringMatching(/flaky\.ts[\s\S]*readTheManual/),
      })
      await clock.advance(await clock.nextTimer())
      await rejected
    })

    it('that is a stream is not made again', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnFlaky(pool)
      await expect(Array.fromAsync(proxy.items(2, true))).rejects.toThrow('no more items')
      expect(await Array.fromAsync(proxy.items(2, false))).toEqual([0, 1])
    })
  })
})

it.each([
  ['attempts', 0],
  ['attempts', 1.5],
  ['minMs', -1],
  ['factor', 0.5],
  ['maxMs', Number.NaN],
  ['jitter', 1.1],
  ['maxWaiting', -1],
])('a RetryInvoker is refused with %s: %d', (name, value) => {
  expect(() => new RetryInvoker({ [name]: value })).toThrow(
    expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(`"${name}"`) }),
  )
})
