import { Pool, RateLimitInvoker, type RateLimitOptions } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Probe } from '../fixtures/services/probe.ts'
import { WatchedClock } from '../fixtures/watched-clock.ts'

/** Notes which of the calls have settled. */
function settledOf(calls: readonly Promise<unknown>[]): number[] {
  const settled: number[] = []
  for (const [n, call] of calls.entries()) call.finally(() => settled.push(n)).catch(() => {})
  return settled
}

describe.each(KINDS)('in a %s:', (kind) => {
  /** Ten a second, so that a token comes every 100 ms. */
  async function spawnProbe(pool: Pool, options: Partial<RateLimitOptions> = {}) {
    const clock = new WatchedClock()
    const invoker = new RateLimitInvoker({ callsPerSecond: 10, burst: 2, clock, ...options })
    const handle = await (await placeOf(pool, kind)).spawn<Probe>({
      name: 'probe',
      module: fixture('probe.ts'),
      invoker,
    })
    return { clock, invoker, handle, proxy: handle.proxy }
  }

  describe('a rate limit', () => {
    it('sends a burst at once, and then one call for each token, in their order', async () => {
      await using pool = new Pool()
      const { clock, invoker, proxy } = await spawnProbe(pool)
      const calls = [0, 1, 2, 3, 4].map((n) => proxy.now(n))
      const settled = settledOf(calls)
      await Promise.all(calls.slice(0, 2))
      expect([settled, invoker.waiting]).toEqual([[0, 1], 3])
      await clock.advance(100)
      await calls[2]
      expect([settled, invoker.waiting]).toEqual([[0, 1, 2], 2])
      await clock.advance(200)
      expect(await Promise.all(calls)).toEqual([0, 1, 2, 3, 4])
      expect(settled).toEqual([0, 1, 2, 3, 4])
      expect(clock.pending).toBe(0)
    })

    it('lets nobody pass those who wait', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnProbe(pool, { burst: 1 })
      const calls = [proxy.now(0), proxy.now(1)]
      await clock.advance(99)
      calls.push(proxy.now(2))
      await clock.advance(101)
      await Promise.all(calls)
      await clock.advance(1_000)
      expect((await proxy.takeReport()).begun).toEqual([0, 1, 2])
    })

    it('rejects with the time to stay away where nobody may wait', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnProbe(pool, { onLimit: 'reject' })
      const calls = await Promise.allSettled([0, 1, 2].map((n) => proxy.now(n)))
      const limited = { code: 'ERR_TROUPE_RATE_LIMITED', retryAfterMs: 100 }
      expect(calls).toMatchObject([{ value: 0 }, { value: 1 }, { reason: limited }])
      await clock.advance(100)
      expect(await proxy.now(3)).toBe(3)
    })

    it.each([
      ['more wait than may', { maxWaiting: 1 }, undefined],
      ['the wait would be too long', { maxWaitMs: 100 }, undefined],
      ['the call’s own time would be over', {}, 150],
    ] as const)('rejects at once when %s', async (_, options, timeoutMs) => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnProbe(pool, { burst: 1, ...options })
      const calls = [proxy.now(0), proxy.now(1)]
      const third = timeoutMs === undefined ? proxy.now(2) : proxy.$with({ timeoutMs }).now(2)
      await expect(third).rejects.toMatchObject({ code: 'ERR_TROUPE_RATE_LIMITED' })
      await clock.advance(100)
      expect(await Promise.all(calls)).toEqual([0, 1])
    })

    it('counts the wait as the call’s time: one that is late is never sent', async () => {
      await using pool = new Pool()
      const { clock, invoker, proxy } = await spawnProbe(pool, { callsPerSecond: 1_000, burst: 1 })
      const first = proxy.now(0)
      // Its token would come in 1 ms of a clock that stands still.
      const late = proxy.$with({ timeoutMs: 2 }).now(1)
      await expect(late).rejects.toMatchObject({ code: 'ERR_TROUPE_DEADLINE', limitMs: 2 })
      expect([invoker.waiting, clock.pending]).toEqual([0, 0])
      await first
      await clock.advance(100)
      expect((await proxy.takeReport()).begun).toEqual([0])
    })

    it('forgets a call that is aborted, and goes on with the next', async () => {
      await using pool = new Pool()
      const { clock, invoker, proxy } = await spawnProbe(pool, { burst: 1 })
      const caller = new AbortController()
      const calls = [proxy.now(0), proxy.$with({ signal: caller.signal }).now(1), proxy.now(2)]
      const rejected = expect(calls[1]).rejects.toThrow('enough')
      caller.abort(new Error('enough'))
      await rejected
      expect(invoker.waiting).toBe(1)
      await clock.advance(100)
      expect(await calls[2]).toBe(2)
    })

    it('counts a stream once, at its first `next`, and not its items', async () => {
      await using pool = new Pool()
      const { clock, invoker, proxy } = await spawnProbe(pool, { burst: 1 })
      const unread = proxy.items(0, 1)
      expect(await Array.fromAsync(proxy.items(1, 50))).toHaveLength(50)
      const items = Array.fromAsync(unread)
      await clock.nextTimer()
      expect(invoker.waiting).toBe(1)
      await clock.advance(100)
      expect(await items).toEqual([0])
    })

    it('never begins a stream that its reader has left while it waited', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnProbe(pool, { burst: 1 })
      await proxy.now(0)
      const stream = proxy.items(1, 5)
      const first = stream.next()
      expect(await stream.return()).toEqual({ done: true, value: undefined })
      await clock.advance(100)
      expect(await first).toEqual({ done: true, value: undefined })
      await clock.advance(100)
      expect((await proxy.takeReport()).begun).toEqual([0])
    })
  })
})

it.each([
  ['callsPerSecond', 0],
  ['callsPerSecond', Number.POSITIVE_INFINITY],
  ['burst', 0],
  ['onLimit', 'rejct'],
  ['maxWaiting', 0],
  ['maxWaitMs', -1],
])('a RateLimitInvoker is refused with %s: %d', (name, value) => {
  expect(() => new RateLimitInvoker({ callsPerSecond: 1, [name]: value })).toThrow(
    expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(`"${name}"`) }),
  )
})
