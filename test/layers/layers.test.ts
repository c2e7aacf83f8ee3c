import {
  BatchingInvoker,
  type CallRequest,
  CircuitBreakerInvoker,
  ConcurrencyLimitInvoker,
  ConcurrentInvoker,
  DeduplicatingInvoker,
  Invoker,
  MailboxFullError,
  PerMethodInvoker,
  Pool,
  RateLimitInvoker,
  RetryInvoker,
  SerializedInvoker,
} from '@troupe/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Flaky } from '../fixtures/services/flaky.ts'
import type { Probe } from '../fixtures/services/probe.ts'
import type { Shelf } from '../fixtures/services/shelf.ts'
import { WatchedClock } from '../fixtures/watched-clock.ts'

const flaky = { name: 'flaky', module: fixture('flaky.ts') }
const probe = { name: 'probe', module: fixture('probe.ts') }
const shelf = { name: 'shelf', module: fixture('shelf.ts') }

const grace = (graceMs: number | undefined) => (graceMs === undefined ? {} : { graceMs })

/** Answers itself, and not by a promise: what a program in plain JavaScript may well do. */
class Blunt extends ConcurrentInvoker {
  override invoke({ args }: CallRequest): Promise<unknown> {
    return args[0] as never
  }
}

describe.each(KINDS)('in a %s:', (kind) => {
  it.each([
    ['a retry', (next: Invoker) => new RetryInvoker({}, next)],
    ['a circuit breaker', (next: Invoker) => new CircuitBreakerInvoker({}, next)],
    ['a rate limit', (next: Invoker) => new RateLimitInvoker({ callsPerSecond: 1_000 }, next)],
    ['a concurrency limit', (next: Invoker) => new ConcurrencyLimitInvoker({ maxConcurrent: 1 }, next)],
    ['a deduplicating invoker', (next: Invoker) => new DeduplicatingInvoker({}, next)],
  ])('%s takes what an invoker of one’s own behind it answers without a promise', async (_, around) => {
    await using pool = new Pool()
    const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: around(new Blunt()) })
    for (const n of [1, 2, 2]) expect(await proxy.now(n)).toBe(n)
  })

  it.each([
    ['the mailbox', undefined],
    ['a rate limit', () => new RateLimitInvoker({ callsPerSecond: 100, burst: 1 })],
    ['a concurrency limit', () => new ConcurrencyLimitInvoker({ maxConcurrent: 1 })],
    ['a deduplicating invoker', () => new DeduplicatingInvoker({ ttlMs: 60_000 })],
  ])('a call that waits in %s has its arguments as they were when it was made', async (_, make) => {
    await using pool = new Pool()
    const invoker = make?.()
    const handle = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, ...(invoker && { invoker }) })
    if (invoker === undefined) await handle.pause()
    const small = { word: 'before', deep: [1] }
    const large = { rows: Array.from({ length: 500 }, (_, n) => ({ n })) }
    const asked = [handle.proxy.keyed('first'), handle.proxy.keyed(small), handle.proxy.keyed(large)]
    small.word = 'after'
    small.deep.push(2)
    large.rows.length = 0
    if (invoker === undefined) await handle.start()
    const [, two, three] = await Promise.all(asked)
    expect(two!.args).toEqual([{ word: 'before', deep: [1] }])
    expect((three!.args[0] as typeof large).rows).toHaveLength(500)
  })

  it('a full waiting room is no failure of the service to a circuit breaker around it', async () => {
    await using pool = new Pool()
    const limit = new ConcurrencyLimitInvoker({ maxConcurrent: 1, maxWaiting: 1 })
    const invoker = new CircuitBreakerInvoker({ minimumCalls: 2 }, limit)
    const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
    const outcomes = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((n) => proxy.later(n, 1)))
    const full = { reason: { code: 'ERR_TROUPE_MAILBOX_FULL' } }
    expect(outcomes).toMatchObject([{ value: 1 }, { value: 2 }, full, full, full, full])
    expect(await proxy.now(7)).toBe(7)
  })

  describe('calls that wait in a layer', () => {
    /** Each leaves calls waiting in its layer, and gives them. */
    const waits = {
      async 'a retry'(pool: Pool, clock: WatchedClock, graceMs?: number, signal?: AbortSignal) {
        const handle = await (await placeOf(pool, kind)).spawn<Flaky>({
          ...flaky,
          invoker: new RetryInvoker({ clock }),
          ...grace(graceMs),
        })
        const proxy = handle.proxy.$with({ signal })
        const calls: Promise<unknown>[] = [proxy.read('a', 9), proxy.read('b', 9)]
        for (const _ of calls) await clock.nextTimer()
        return { handle, calls, leave: undefined }
      },
      async 'a rate limit'(pool: Pool, clock: WatchedClock, graceMs?: number, signal?: AbortSignal) {
        const invoker = new RateLimitInvoker({ callsPerSecond: 1, clock })
        const handle = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker, ...grace(graceMs) })
        await handle.proxy.now(0)
        const proxy = handle.proxy.$with({ signal })
        return { handle, calls: [proxy.now(1), proxy.items(2, 1).next()] as Promise<unknown>[], leave: undefined }
      },
      async 'a batch'(pool: Pool, clock: WatchedClock, graceMs?: number, signal?: AbortSignal) {
        const invoker = new BatchingInvoker({ methods: { get: 'getMany' }, maxDelayMs: 1_000, clock })
        const handle = await (await placeOf(pool, kind)).spawn<Shelf>({ ...shelf, invoker, ...grace(graceMs) })
        const proxy = handle.proxy.$with({ signal })
        return { handle, calls: [proxy.get('a'), proxy.get('b')] as Promise<unknown>[], leave: undefined }
      },
      async 'a concurrency limit'(pool: Pool, _: WatchedClock, graceMs?: number, signal?: AbortSignal) {
        const invoker = new ConcurrencyLimitInvoker({ maxConcurrent: 1 })
        const handle = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker, ...grace(graceMs) })
        const proxy = handle.proxy.$with({ signal })
        const running = handle.proxy.items(0, 9)
        await running.next()
        const calls: Promise<unknown>[] = [proxy.now(1), proxy.items(2, 1).next()]
        return { handle, calls, leave: () => running.return() }
      },
    }
    const places = Object.entries(waits)

    it.each(places)('for %s reject with POOL_CLOSED when the pool is closed, and leave no timer', async (_, wait) => {
      const pool = new Pool()
      const clock = new WatchedClock()
      const { calls } = await wait(pool, clock)
      const settled = Promise.allSettled(calls)
      await pool.close()
      const reason = { code: 'ERR_TROUPE_POOL_CLOSED' }
      expect(await settled).toMatchObject([{ reason }, { reason }])
      expect(clock.pending).toBe(0)
    })

    it.each(places)('for %s are counted as queued', async (_, wait) => {
      await using pool = new Pool()
      const { handle, calls } = await wait(pool, new WatchedClock())
      expect(handle.stats().queued).toBe(2)
      for (const call of calls) call.catch(() => {})
    })

    it.each(places)('for %s reject with NOT_RUNNING when the service is stopped at once', async (_, wait) => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const { handle, calls } = await wait(pool, clock)
      const settled = Promise.allSettled(calls)
      await handle.stop({ drain: false })
      const reason = { code: 'ERR_TROUPE_NOT_RUNNING' }
      expect(await settled).toMatchObject([{ reason }, { reason }])
      expect(clock.pending).toBe(0)
      expect(handle.stats().queued).toBe(0)
    })

    it.each(places)(
      'for %s reject with NOT_RUNNING when the service is stopped and its grace is over',
      async (_, wait) => {
        await using pool = new Pool()
        const clock = new WatchedClock()
        const { handle, calls } = await wait(pool, clock, 0)
        const settled = Promise.allSettled(calls)
        await handle.stop()
        const reason = { code: 'ERR_TROUPE_NOT_RUNNING' }
        expect(await settled).toMatchObject([{ reason }, { reason }])
        expect(clock.pending).toBe(0)
      },
    )

    describe('while the service stops', () => {
      it('for a retry are made again when their time has come, and then it stops', async () => {
        await using pool = new Pool()
        const clock = new WatchedClock()
        const handle = await (await placeOf(pool, kind)).spawn<Flaky>({
          ...flaky,
          invoker: new RetryInvoker({ clock }),
        })
        const read = handle.proxy.read('a', 1)
        const waitMs = await clock.nextTimer()
        const stopped = handle.stop()
        await expect(handle.proxy.read('b', 0)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
        await clock.advance(waitMs)
        expect(await read).toBe(2)
        await stopped
      })

      it('for a rate limit are sent one by one, and then it stops', async () => {
        await using pool = new Pool()
        const clock = new WatchedClock()
        const limit = new RateLimitInvoker({ callsPerSecond: 1, clock })
        const handle = await (await placeOf(pool, kind)).spawn<Probe>({
          ...probe,
          invoker: new CircuitBreakerInvoker({}, limit),
        })
        const calls = [handle.proxy.now(0), handle.proxy.now(1), handle.proxy.now(2)]
        const items = Array.fromAsync(handle.proxy.items(3, 2))
        const stopped = handle.stop()
        await expect(handle.proxy.now(4)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
        for (let waiting = 3; waiting > 0; waiting--) {
          expect(handle.stats().queued).toBe(waiting)
          await clock.advance(1_000)
        }
        expect(await Promise.all(calls)).toEqual([0, 1, 2])
        expect(await items).toHaveLength(2)
        await stopped
      })

      it('for a concurrency limit run as places become free, and then it stops', async () => {
        await using pool = new Pool()
        const invoker = new ConcurrencyLimitInvoker({ maxConcurrent: 1 })
        const handle = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
        const calls = [0, 1, 2, 3].map((n) => handle.proxy.later(n, 2))
        await handle.stop()
        expect(await Promise.all(calls)).toEqual([0, 1, 2, 3])
        expect(invoker.running).toBe(0)
      })

      it('for a batch are sent with it, and then it stops', async () => {
        await using pool = new Pool()
        const clock = new WatchedClock()
        const batching = new BatchingInvoker({ methods: { get: 'getMany' }, maxDelayMs: 1_000, clock })
        const handle = await (await placeOf(pool, kind)).spawn<Shelf>({ ...shelf, invoker: batching })
        const calls = [handle.proxy.get('a'), handle.proxy.get('b')]
        const stopped = handle.stop()
        await clock.advance(1_000)
        expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
        await stopped
      })

      it.each(places)('for %s hold it up no more once their callers have gone', async (_, wait) => {
        await using pool = new Pool()
        const aborter = new AbortController()
        const { handle, calls, leave } = await wait(pool, new WatchedClock(), undefined, aborter.signal)
        const settled = Promise.allSettled(calls)
        const stopped = handle.stop()
        aborter.abort()
        await settled
        await leave?.()
        await stopped
        expect(handle.stats().queued).toBe(0)
      })
    })

    it.each(places)('for %s reject when the service has crashed for good', async (_, wait) => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const { handle, calls } = await wait(pool, clock)
      const settled = Promise.allSettled(calls)
      handle.kill()
      const reason = { code: expect.stringMatching(/^ERR_TROUPE_(NOT_RUNNING|SERVICE_CRASHED)$/) }
      expect(await settled).toMatchObject([{ reason }, { reason }])
      expect(clock.pending).toBe(0)
    })

    it('stay where they are while the service restarts, and are then sent', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const invoker = new RateLimitInvoker({ callsPerSecond: 1, clock })
      const handle = await (await placeOf(pool, kind)).spawn<Probe>({
        ...probe,
        invoker,
        supervision: { restart: 'permanent' },
      })
      await handle.proxy.now(0)
      const call = handle.proxy.now(1)
      const restarted = new Promise((resolve) => handle.on('restarted', resolve))
      handle.kill()
      await restarted
      expect(invoker.waiting).toBe(1)
      await clock.advance(1_000)
      expect(await call).toBe(1)
    })

    it('that come once the service is stopped are refused at once, and take no token', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const invoker = new RateLimitInvoker({ callsPerSecond: 1, clock })
      const handle = (await placeOf(pool, kind)).add<Probe>({ ...probe, invoker })
      for (let n = 0; n < 3; n++) {
        await expect(handle.proxy.now(n)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
      }
      await handle.start()
      expect(await handle.proxy.now(3)).toBe(3)
    })
  })

  describe('layers around each other', () => {
    it('retry what the inner ones refuse: a call comes through a rate limit and a circuit that closes again', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const limit = new RateLimitInvoker({ callsPerSecond: 100, burst: 1, clock })
      const breaker = new CircuitBreakerInvoker({ minimumCalls: 2, openMs: 500, clock }, limit)
      const retry = new RetryInvoker({ attempts: 4, jitter: 0, clock }, breaker)
      const { proxy } = await (await placeOf(pool, kind)).spawn<Flaky>({ ...flaky, invoker: retry })
      const read = proxy.read('k', 2)
      expect(await clock.nextTimer()).toBe(50)
      await clock.advance(50) // the second attempt opens the circuit
      expect(await clock.nextTimer()).toBe(100)
      expect(breaker.state).toBe('OPEN')
      await clock.advance(100) // the third is refused by it
      expect(await clock.nextTimer()).toBe(400)
      await clock.advance(400) // the fourth is its probe
      expect(await read).toBe(3)
      expect(breaker.state).toBe('CLOSED')
    })

    it('end the attempts when the circuit stays open for longer than any wait', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const breaker = new CircuitBreakerInvoker({ minimumCalls: 1, openMs: 60_000, clock })
      const { proxy } = await (await placeOf(pool, kind)).spawn<Flaky>({
        ...flaky,
        invoker: new RetryInvoker({ clock }, breaker),
      })
      const read = expect(proxy.read('k', 9)).rejects.toMatchObject({ code: 'ERR_TROUPE_CIRCUIT_OPEN', attempts: 2 })
      await clock.advance(await clock.nextTimer())
      await read
    })

    it('share the attempts of equal calls, with deduplication outside', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const invoker = new DeduplicatingInvoker({}, new RetryInvoker({ clock }))
      const { proxy } = await (await placeOf(pool, kind)).spawn<Flaky>({ ...flaky, invoker })
      const reads = [proxy.read('k', 1), proxy.read('k', 1), proxy.read('k', 1)]
      await clock.advance(await clock.nextTimer())
      expect(await Promise.all(reads)).toEqual([2, 2, 2])
      expect(await proxy.runs('k')).toBe(2)
    })

    it('share each attempt of equal calls, with deduplication inside', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const invoker = new RetryInvoker({ clock, jitter: 0 }, new DeduplicatingInvoker())
      const handle = await (await placeOf(pool, kind)).spawn<Flaky>({ ...flaky, invoker })
      const reads = [handle.proxy.read('k', 1), handle.proxy.read('k', 1)]
      for (const _ of reads) await clock.nextTimer()
      await handle.pause() // else the first one's second attempt can be over before the other's timer is due
      await clock.advance(50)
      await handle.start()
      expect(await Promise.all(reads)).toEqual([2, 2])
      expect(await handle.proxy.runs('k')).toBe(2)
    })

    it('make those calls of a batch again whose own entry failed, with the retry outside', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const batching = new BatchingInvoker({ methods: { read: 'readMany' }, clock })
      const { proxy } = await (await placeOf(pool, kind)).spawn<Flaky>({
        ...flaky,
        invoker: new RetryInvoker({ clock }, batching),
      })
      const reads = [proxy.read('a', 1), proxy.read('b', 0)]
      expect(await reads[1]).toBe(1)
      await clock.advance(await clock.nextTimer())
      expect(await reads[0]).toBe(2)
      expect(await proxy.runs('b')).toBe(1)
    })

    it('make a batch again as a whole, with the retry inside', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const invoker = new BatchingInvoker({ methods: { read: 'readTogether' }, clock }, new RetryInvoker({ clock }))
      const { proxy } = await (await placeOf(pool, kind)).spawn<Flaky>({ ...flaky, invoker })
      const reads = [proxy.read('a', 0), proxy.read('b', 1)]
      await clock.advance(await clock.nextTimer())
      expect(await Promise.all(reads)).toEqual([2, 2])
    })

    it('never run twice what a batch has run, where its method is not idempotent', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const batching = new BatchingInvoker({ methods: { write: 'readMany' }, clock })
      const { proxy } = await (await placeOf(pool, kind)).spawn<Flaky>({
        ...flaky,
        invoker: new RetryInvoker({ clock }, batching),
      })
      await expect(proxy.write('w', 1)).rejects.toMatchObject({ message: 'run 1', attempts: 1 })
      expect(await proxy.runs('w')).toBe(1)
    })

    it('keep the order of all calls and streams, whatever they are, around a serialized invoker', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const limit = new RateLimitInvoker({ callsPerSecond: 1_000_000, burst: 1_000, clock }, new SerializedInvoker())
      const places = new ConcurrencyLimitInvoker({ maxConcurrent: 4 }, limit)
      const breaker = new CircuitBreakerInvoker({ minimumCalls: 1_000_000, clock }, places)
      const batching = new BatchingInvoker({ methods: {}, clock }, breaker)
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({
        ...probe,
        invoker: new RetryInvoker({ clock }, batching),
      })
      const method = fc.constantFrom('now', 'fails', 'later', 'failsLater', 'items')
      await fc.assert(
        fc.asyncProperty(fc.array(method, { maxLength: 30 }), async (methods) => {
          const calls = methods.map((name, n) =>
            name === 'items' ? Array.fromAsync(proxy.items(n, 2)) : proxy[name as 'later'](n, 2),
          )
          await Promise.allSettled(calls)
          await clock.advance(1_000)
          const order = methods.map((_, n) => n)
          expect(await proxy.takeReport()).toMatchObject({ begun: order, ended: order })
        }),
        { numRuns: 40 },
      )
    })

    it('show the caller of a call that waited in one of them, in the stack of its error', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const invoker = new ConcurrencyLimitInvoker(
        { maxConcurrent: 1 },
        new CircuitBreakerInvoker({}, new RateLimitInvoker({ callsPerSecond: 1_000, clock })),
      )
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
      async function failTwice(): Promise<void> {
        const first = proxy.fails(1).catch(() => {})
        await proxy.fails(2)
        await first
      }
      await expect(failTwice()).rejects.toMatchObject({ stack: expect.stringMatching(/probe\.ts[\s\S]*failTwice/) })
    })
  })
})

describe('what a layer sends on', () => {
  const request: CallRequest = {
    service: 's',
    method: 'get',
    args: [],
    caller: 'root',
    isIdempotent: true,
    signal: undefined,
    timeoutMs: 60_000,
  }

  /** Writes down what it is asked, and refuses the first. */
  class Refusing extends ConcurrentInvoker {
    readonly requests: CallRequest[] = []
    override async invoke(asked: CallRequest): Promise<unknown> {
      this.requests.push(asked)
      if (this.requests.length === 1) throw new MailboxFullError('s', 1, 1)
      return asked.args
    }
  }

  const timesOf = ({ requests }: Refusing) => requests.map(({ timeoutMs }) => timeoutMs!)
  const isLess = expect.toSatisfy((ms: number) => ms > 0 && ms < 60_000, 'less than there was')

  it('by a retry has only what is left of its time', async () => {
    const clock = new WatchedClock()
    const inner = new Refusing()
    const outcome = new RetryInvoker({ clock }, inner).invoke(request)
    await clock.advance(await clock.nextTimer())
    await outcome
    expect(timesOf(inner)).toEqual([60_000, isLess])
  })

  it('after a wait has only what is left of its time', async () => {
    const clock = new WatchedClock()
    const inner = new Refusing()
    const limit = new RateLimitInvoker({ callsPerSecond: 1, clock }, inner)
    const calls = [limit.invoke(request), limit.invoke(request)]
    await expect(calls[0]).rejects.toThrow(MailboxFullError)
    await clock.advance(1_000)
    await calls[1]
    expect(timesOf(inner)).toEqual([60_000, isLess])
  })

  it('as a batch is of one caller, whose policies are asked', async () => {
    const inner = new Refusing()
    const batching = new BatchingInvoker({ methods: { get: 'getMany' } }, inner)
    const callers = ['root/a', 'root/b', 'root/a']
    const outcomes = callers.map((caller, n) => batching.invoke({ ...request, caller, args: [n] }))
    await Promise.allSettled(outcomes)
    expect(inner.requests).toMatchObject([
      { method: 'getMany', caller: 'root/a', args: [[[0], [2]]], isIdempotent: true },
      { method: 'getMany', caller: 'root/b', args: [[[1]]], isIdempotent: true },
    ])
  })
})

describe.each(KINDS)('in a %s:', (kind) => {
  describe('layers of single methods', () => {
    class Noting extends Invoker {
      readonly seen: string[] = []
      override invoke(request: CallRequest): Promise<unknown> {
        this.seen.push(request.method)
        return super.invoke(request)
      }
      override stream(request: CallRequest): ReturnType<Invoker['stream']> {
        this.seen.push(request.method)
        return super.stream(request)
      }
    }

    it('see the calls and streams of their methods, and the shared invoker sees all', async () => {
      await using pool = new Pool()
      const shared = new Noting()
      const layers: Noting[] = []
      const wrap = (next: Invoker) => {
        const layer = new Noting({}, next)
        layers.push(layer)
        return layer
      }
      const invoker = new PerMethodInvoker({ now: wrap, items: wrap }, shared)
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
      await proxy.now(0)
      await proxy.later(1, 1)
      await Array.fromAsync(proxy.items(2, 1))
      expect(layers.map(({ seen }) => seen)).toEqual([['now'], ['items']])
      expect(shared.seen).toEqual(['now', 'later', 'items'])
    })

    it('are found by methods that the class has, never by what every object has', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: new PerMethodInvoker({}) })
      const unknown = (proxy as unknown as { hasOwnProperty(): Promise<void> }).hasOwnProperty
      await expect(unknown()).rejects.toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_METHOD' })
    })

    it('retry one method and not the other', async () => {
      await using pool = new Pool()
      const clock = new WatchedClock()
      const invoker = new PerMethodInvoker({ read: (next) => new RetryInvoker({ clock }, next) })
      const { proxy } = await (await placeOf(pool, kind)).spawn<Flaky>({ ...flaky, invoker })
      const read = proxy.read('r', 1)
      await clock.advance(await clock.nextTimer())
      expect(await read).toBe(2)
      await expect(proxy.readElsewhere('e', 1)).rejects.toMatchObject({ code: 'ERR_TROUPE_MAILBOX_FULL' })
      expect(await proxy.runs('e')).toBe(1)
    })

    it.each([
      ['is not around the shared one', () => new ConcurrentInvoker()],
      ['is no invoker', () => undefined as unknown as Invoker],
    ])('are refused when one %s', (_, wrap) => {
      expect(() => new PerMethodInvoker({ now: wrap })).toThrow(
        expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining('"now"') }),
      )
    })
  })
})

it.each([
  ['RetryInvoker', RetryInvoker, {}],
  ['CircuitBreakerInvoker', CircuitBreakerInvoker, {}],
  ['RateLimitInvoker', RateLimitInvoker, { callsPerSecond: 1 }],
  ['ConcurrencyLimitInvoker', ConcurrencyLimitInvoker, { maxConcurrent: 1 }],
  ['BatchingInvoker', BatchingInvoker, { methods: {} }],
] as const)('a %s takes options of a mailbox only when it has one', (_, Type, options) => {
  const Layer = Type as new (options: object, next?: Invoker) => Invoker
  expect(new Layer({ ...options, capacity: 3 })).toBeInstanceOf(Invoker)
  expect(() => new Layer({ ...options, capacity: 3 }, new SerializedInvoker())).toThrow(
    expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining('capacity') }),
  )
})
