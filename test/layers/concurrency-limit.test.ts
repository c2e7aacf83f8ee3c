import {
  ConcurrencyLimitInvoker,
  ConcurrentInvoker,
  type Invoker,
  PerMethodInvoker,
  Pool,
  type ServiceHandle,
} from '@troupe/runtime'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { admitToPlace } from '../../packages/runtime/src/layers/concurrency-limit-invoker.ts'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Probe } from '../fixtures/services/probe.ts'

const probe = { name: 'probe', module: fixture('probe.ts') }

describe('admitToPlace', () => {
  it.each([
    [0, 0, 'run'],
    [1, 0, 'run'],
    [2, 0, 'wait'],
    [1, 1, 'wait'],
    [2, 2, 'wait'],
    [2, 3, 'refuse'],
    [1, 3, 'refuse'],
  ] as const)('with %d running and %d waiting: %s', (running, waiting, verdict) => {
    expect(admitToPlace(running, waiting, { maxConcurrent: 2, maxWaiting: 3 })).toBe(verdict)
  })
})

/** Its calls end when the test says so, within the job that says it. */
class HandInvoker extends ConcurrentInvoker {
  readonly calls: ((value: string) => void)[] = []
  override invoke(): Promise<unknown> {
    return new Promise((resolve) => this.calls.push(resolve))
  }
}

describe.each(KINDS)('in a %s:', (kind) => {
  /** Limits `waitAt` and `items`, and lets `open` through. */
  async function spawnProbe(pool: Pool, maxConcurrent: number, maxWaiting?: number) {
    let limit!: ConcurrencyLimitInvoker
    const wrap = (next: Invoker) => {
      limit ??= new ConcurrencyLimitInvoker({ maxConcurrent, ...(maxWaiting && { maxWaiting }) }, next)
      return limit
    }
    const invoker = new PerMethodInvoker({ waitAt: wrap, items: wrap })
    const handle = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
    return { limit, handle, proxy: handle.proxy }
  }

  describe('a concurrency limit', () => {
    it.each([
      ['is aborted', async (abort: AbortController) => abort.abort(new Error('enough'))],
      ['has lost its thread', async (_: AbortController, handle: ServiceHandle) => handle.kill()],
      ['is cut off by a stop', async (_: AbortController, handle: ServiceHandle) => handle.stop()],
    ])('has the place of a stream back that %s while nobody reads', async (_, end) => {
      await using pool = new Pool()
      const invoker = new ConcurrencyLimitInvoker({ maxConcurrent: 1 })
      const handle = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker, graceMs: 20 })
      const abort = new AbortController()
      const items = handle.proxy.$with({ signal: abort.signal }).items(1, 1_000_000)
      await items.next()
      expect(invoker.running).toBe(1)
      await end(abort, handle as ServiceHandle)
      await vi.waitFor(() => expect(invoker.running).toBe(0))
      await handle.restart()
      expect(await handle.proxy.now(2)).toBe(2)
    })

    it('has at most so many calls on their way, whatever they do, and begins them in their order', async () => {
      await using pool = new Pool()
      const invoker = new ConcurrencyLimitInvoker({ maxConcurrent: 3 })
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
      const method = fc.constantFrom('now', 'fails', 'later', 'failsLater', 'items')
      await fc.assert(
        fc.asyncProperty(fc.array(method, { maxLength: 30 }), async (methods) => {
          const calls = methods.map((name, n) =>
            name === 'items' ? Array.fromAsync(proxy.items(n, 2)) : proxy[name as 'later'](n, 2),
          )
          await Promise.allSettled(calls)
          const { begun, mostRunning } = await proxy.takeReport()
          expect(begun).toEqual(methods.map((_, n) => n))
          expect(mostRunning).toBeLessThanOrEqual(3)
          expect([invoker.running, invoker.waiting]).toEqual([0, 0])
        }),
        { numRuns: 40 },
      )
    })

    it('rejects a call beyond those that may wait with MAILBOX_FULL', async () => {
      await using pool = new Pool()
      const { limit, proxy } = await spawnProbe(pool, 1, 1)
      const calls = [proxy.waitAt(0, 'a'), proxy.waitAt(1, 'b')]
      await expect(proxy.waitAt(2, 'c')).rejects.toMatchObject({ code: 'ERR_TROUPE_MAILBOX_FULL' })
      expect([limit.running, limit.waiting]).toEqual([1, 1])
      await proxy.open('a')
      await proxy.open('b')
      expect(await Promise.all(calls)).toEqual([0, 1])
    })

    it('gives the place of a stream away when its reader leaves it, not before', async () => {
      await using pool = new Pool()
      const { limit, proxy } = await spawnProbe(pool, 1)
      const stream = proxy.items(0, 100)
      expect(limit.running).toBe(0)
      await stream.next()
      const call = proxy.waitAt(1, 'a')
      expect([limit.running, limit.waiting]).toEqual([1, 1])
      await stream.return()
      expect([limit.running, limit.waiting]).toEqual([1, 0])
      await proxy.open('a')
      expect(await call).toBe(1)
      expect(limit.running).toBe(0)
    })

    it('counts a stream that was not known to be one until its reader leaves it', async () => {
      await using pool = new Pool()
      const invoker = new ConcurrencyLimitInvoker({ maxConcurrent: 1 })
      const handle = (await placeOf(pool, kind)).add<Probe>({ ...probe, invoker })
      const started = handle.start()
      const early = handle.proxy.items(0, 300)
      const behind = handle.proxy.now(1)
      await started
      const stream = await (early as unknown as Promise<typeof early>)
      expect(await stream.next()).toEqual({ done: false, value: 0 })
      expect([invoker.running, invoker.waiting]).toEqual([1, 1])
      await stream.return()
      expect(await behind).toBe(1)
      expect(invoker.running).toBe(0)
    })

    it('passes over a call that was aborted while it waited', async () => {
      await using pool = new Pool()
      const { limit, proxy } = await spawnProbe(pool, 1)
      const caller = new AbortController()
      const calls = [proxy.waitAt(0, 'a'), proxy.$with({ signal: caller.signal }).waitAt(1, 'b'), proxy.waitAt(2, 'c')]
      const rejected = expect(calls[1]).rejects.toThrow('enough')
      caller.abort(new Error('enough'))
      await rejected
      expect(limit.waiting).toBe(1)
      await proxy.open('a')
      await proxy.open('c')
      expect(await Promise.all([calls[0], calls[2]])).toEqual([0, 2])
      expect((await proxy.takeReport()).begun).toEqual([0, 2])
    })
  })

  it('a concurrency limit gives a place to the next when the one before him is late', async () => {
    await using pool = new Pool()
    const hand = new HandInvoker()
    const invoker = new ConcurrencyLimitInvoker({ maxConcurrent: 1 }, hand)
    const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
    const calls = [proxy.now(0), proxy.$with({ timeoutMs: 1 }).now(1), proxy.now(2)]
    const late = expect(calls[1]).rejects.toMatchObject({ code: 'ERR_TROUPE_DEADLINE' })
    const lateAtMs = performance.now() + 2
    while (performance.now() < lateAtMs) {} // no timer has a chance to tell it
    hand.calls[0]!('first')
    expect(await calls[0]).toBe('first')
    await late
    hand.calls[1]!('last')
    expect(await calls[2]).toBe('last')
  })
})

it.each([
  ['maxConcurrent', 0],
  ['maxConcurrent', 1.5],
  ['maxWaiting', 0],
])('a ConcurrencyLimitInvoker is refused with %s: %d', (name, value) => {
  expect(() => new ConcurrencyLimitInvoker({ maxConcurrent: 1, [name]: value })).toThrow(
    expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(`"${name}"`) }),
  )
})
