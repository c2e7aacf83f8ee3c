import {
  type CallRequest,
  ConcurrentInvoker,
  DeduplicatingInvoker,
  Invoker,
  Pool,
  type RemoteStream,
  SerializedInvoker,
  type ServiceProxy,
} from '@troupe/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Probe } from '../fixtures/services/probe.ts'

const probe = { name: 'probe', module: fixture('probe.ts') }

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

/** A call of one of Probe's methods, and how it must end. */
const anyWork = fc.oneof(
  fc.record({ kind: fc.constantFrom('now' as const, 'fails' as const), size: fc.constant(0) }),
  fc.record({ kind: fc.constantFrom('later' as const, 'failsLater' as const), size: fc.nat(3) }),
  fc.record({ kind: fc.constantFrom('items' as const, 'leaves' as const), size: fc.integer({ min: 1, max: 4 }) }),
)
type Work = typeof anyWork extends fc.Arbitrary<infer T> ? T : never

async function perform(proxy: ServiceProxy<Probe>, { kind, size }: Work, n: number): Promise<string> {
  try {
    if (kind === 'items') return (await Array.fromAsync(proxy.items(n, size))).join()
    if (kind === 'leaves') {
      for await (const item of proxy.items(n, size + 1)) return String(item)
      return 'empty'
    }
    return String(await proxy[kind](n, size))
  } catch (error) {
    return String(error)
  }
}

function outcomeOf({ kind, size }: Work, n: number): string {
  if (kind === 'items') return range(size).join()
  if (kind === 'leaves') return '0'
  return kind.startsWith('fails') ? `RangeError: failed ${n}` : String(n)
}

/** Doubles the arguments of `now`, refuses `fails`, and writes down what it was asked. */
class OwnInvoker extends ConcurrentInvoker {
  readonly requests: CallRequest[] = []
  override async invoke(request: CallRequest): Promise<unknown> {
    this.requests.push(request)
    if (request.method === 'fails') throw new TypeError('not today')
    if (request.method !== 'now') return super.invoke(request)
    return [await super.invoke({ ...request, args: [Number(request.args[0]) * 2] })]
  }
  override stream(request: CallRequest): RemoteStream<unknown> {
    this.requests.push(request)
    return super.stream({ ...request, args: [request.args[0], 2] })
  }
}

describe.each(KINDS)('in a %s:', (kind) => {
  describe('a serialized service', () => {
    it('never runs two calls at a time, and runs them in their order, whatever they are', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: 'serialized' })
      await fc.assert(
        fc.asyncProperty(fc.array(anyWork, { maxLength: 25 }), async (works) => {
          const outcomes = await Promise.all(works.map((work, n) => perform(proxy, work, n)))
          expect(outcomes).toEqual(works.map(outcomeOf))
          const order = range(works.length)
          const mostRunning = Math.min(works.length, 1)
          expect(await proxy.takeReport()).toEqual({ begun: order, ended: order, mostRunning })
        }),
        { numRuns: 40 },
      )
    })

    it('goes on after a call that rejects, whose caller gets its error', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: 'serialized' })
      const outcomes = await Promise.allSettled([
        proxy.failsLater(0, 2),
        proxy.fails(1),
        proxy.later(2, 1),
        proxy.now(3),
      ])
      expect(outcomes).toMatchObject([
        { reason: new RangeError('failed 0') },
        { reason: new RangeError('failed 1') },
        { value: 2 },
        { value: 3 },
      ])
    })

    it('holds back what comes after a stream until its reader is done with it', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: 'serialized' })
      const stream = proxy.items(0, 1_000)
      await stream.next()
      const after = proxy.now(1)
      await stream.next()
      await stream.return()
      expect(await after).toBe(1)
      expect(await proxy.takeReport()).toEqual({ begun: [0, 1], ended: [0, 1], mostRunning: 1 })
    })

    it.each([
      ['while it waits in the thread', 256],
      ['while it waits in the mailbox', 1],
    ])('loses nothing by a stream that is left %s', async (_, window) => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({
        ...probe,
        invoker: new SerializedInvoker({ window }),
      })
      const first = proxy.later(0, 5)
      const stream = proxy.items(1, 1_000)
      const item = stream.next()
      const third = proxy.now(2)
      await stream.return()
      expect(await item).toEqual({ done: true, value: undefined })
      expect(await Promise.all([first, third])).toEqual([0, 2])
      expect((await proxy.takeReport()).mostRunning).toBe(1)
    })
  })

  describe('a concurrent service', () => {
    it('begins calls in their order, and lets them interleave', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>(probe)
      const waiting = range(5).map((n) => proxy.waitAt(n, `gate ${n}`))
      for (const n of [3, 1, 4, 0, 2]) {
        await proxy.open(`gate ${n}`)
        await waiting[n]
      }
      expect(await proxy.takeReport()).toEqual({ begun: range(5), ended: [3, 1, 4, 0, 2], mostRunning: 5 })
    })

    it('settles every call with its own outcome, whatever they are', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Probe>({
        ...probe,
        invoker: new ConcurrentInvoker({ window: 3 }),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(anyWork, { maxLength: 25 }), async (works) => {
          const outcomes = await Promise.all(works.map((work, n) => perform(handle.proxy, work, n)))
          expect(outcomes).toEqual(works.map(outcomeOf))
          expect(handle.stats()).toMatchObject({ pending: 0, queued: 0 })
        }),
        { numRuns: 40 },
      )
    })
  })

  describe.each([
    ['serialized', SerializedInvoker],
    ['concurrent', ConcurrentInvoker],
  ] as const)('a %s service at the bounds of its invoker', (_, Type) => {
    it('keeps at most a window of calls at the thread, and the others in their order in the mailbox', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: new Type({ window: 2 }) })
      const calls = [handle.proxy.waitAt(0, 'gate'), ...range(6).map((n) => handle.proxy.now(n + 1))]
      expect(handle.stats()).toMatchObject({ pending: 2, queued: 5 })
      calls.push(handle.proxy.now(7))
      // `open` would wait behind the call that it is to end.
      handle.kill(new Error('enough'))
      const outcomes = await Promise.allSettled(calls)
      expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    })

    it('rejects a call beyond its capacity with MAILBOX_FULL, and that call never runs', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Probe>({ ...probe, invoker: new Type({ capacity: 3 }) })
      const started = handle.start()
      const calls = range(5).map((n) => handle.proxy.now(n))
      const stream = handle.proxy.items(5, 1)
      const outcomes = await Promise.allSettled([...calls, stream])
      const full = {
        reason: { code: 'ERR_TROUPE_MAILBOX_FULL', message: expect.stringContaining('3 queued, capacity 3') },
      }
      expect(outcomes).toMatchObject([{ value: 0 }, { value: 1 }, { value: 2 }, full, full, full])
      await started
      expect(await handle.proxy.now(6)).toBe(6)
      expect((await handle.proxy.takeReport()).begun).toEqual([0, 1, 2, 6])
    })
  })

  describe('a deduplicating service', () => {
    it('runs equal calls once, whatever the order of object keys, and others each for itself', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: 'deduplicating' })
      const equal = [proxy.keyed({ a: 1, b: [2] }), proxy.keyed({ b: [2], a: 1 }), proxy.keyed({ a: 1, b: [2] })]
      const others = [proxy.keyed({ a: 1, b: [3] }), proxy.keyed(), proxy.keyed(undefined)]
      expect((await Promise.all(equal)).map(({ runs }) => runs)).toEqual([1, 1, 1])
      expect((await Promise.all(others)).map(({ runs }) => runs)).toEqual([2, 3, 4])
    })

    it('gives each caller a result of its own', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: 'deduplicating' })
      const [a, b] = await Promise.all([proxy.keyed('k'), proxy.keyed('k')])
      a.args.push('changed')
      expect(b).toEqual({ runs: 1, args: ['k'] })
    })

    it('keeps no result by default: a call after the first has settled runs anew', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: 'deduplicating' })
      await proxy.keyed('k')
      expect(await proxy.keyed('k')).toMatchObject({ runs: 2 })
    })

    it('tells the error to all who wait, and never keeps it', async () => {
      await using pool = new Pool()
      const invoker = new DeduplicatingInvoker({ ttlMs: Number.POSITIVE_INFINITY })
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
      const outcomes = await Promise.allSettled([proxy.keyedFails('k'), proxy.keyedFails('k')])
      expect(outcomes).toMatchObject([{ reason: new RangeError('run 1') }, { reason: new RangeError('run 1') }])
      expect(invoker.entries).toBe(0)
      await expect(proxy.keyedFails('k')).rejects.toThrow('run 2')
    })

    it('keeps results for `ttlMs`, untouched by what callers do to theirs', async () => {
      await using pool = new Pool()
      const invoker = new DeduplicatingInvoker({ ttlMs: Number.POSITIVE_INFINITY })
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
      const first = await proxy.keyed('k')
      first.args.push('changed')
      const second = await proxy.keyed('k')
      second.args.push('changed')
      expect(await proxy.keyed('k')).toEqual({ runs: 1, args: ['k'] })
      expect(invoker.entries).toBe(1)
    })

    it('runs a call anew once its result is older than `ttlMs`', async () => {
      await using pool = new Pool()
      // The shortest time there is: over before the reply of another call is here.
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({
        ...probe,
        invoker: new DeduplicatingInvoker({ ttlMs: Number.MIN_VALUE }),
      })
      await proxy.keyed('k')
      await proxy.now(1)
      expect(await proxy.keyed('k')).toMatchObject({ runs: 2 })
    })

    it('drops the oldest result at `maxEntries`, and shares no call while all of them run', async () => {
      await using pool = new Pool()
      const invoker = new DeduplicatingInvoker({ ttlMs: Number.POSITIVE_INFINITY, maxEntries: 2 })
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
      for (const key of ['a', 'b', 'c']) await proxy.keyed(key)
      expect(invoker.entries).toBe(2)
      expect((await Promise.all(['c', 'b', 'a'].map((key) => proxy.keyed(key)))).map(({ runs }) => runs)).toEqual([
        3, 2, 4,
      ])
      const running = [proxy.waitAt(0, 'x'), proxy.waitAt(1, 'y'), proxy.waitAt(2, 'z'), proxy.waitAt(2, 'z')]
      for (const gate of ['x', 'y', 'z']) await proxy.open(gate)
      await Promise.all(running)
      expect((await proxy.takeReport()).begun).toEqual([0, 1, 2, 2])
    })

    it('does not share calls whose arguments have no key', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: 'deduplicating' })
      const results = await Promise.all([proxy.keyed(new Map()), proxy.keyed(new Map())])
      expect(results.map(({ runs }) => runs)).toEqual([1, 2])
    })

    it('takes a `key` of the owner’s own', async () => {
      await using pool = new Pool()
      const key = (method: string, [first]: readonly unknown[]) =>
        first === 'never' ? undefined : `${method} ${first}`
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({
        ...probe,
        invoker: new DeduplicatingInvoker({ key }),
      })
      const calls = [proxy.keyed('k', 1), proxy.keyed('k', 2), proxy.keyed('never'), proxy.keyed('never')]
      expect((await Promise.all(calls)).map(({ runs }) => runs)).toEqual([1, 1, 2, 3])
    })

    it('tells an invoker of one’s own behind it by a signal when all who waited have gone, and not before', async () => {
      await using pool = new Pool()
      const inner = new OwnInvoker()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({
        ...probe,
        invoker: new DeduplicatingInvoker({}, inner),
      })
      const callers = [new AbortController(), new AbortController()]
      const gone = callers.map(({ signal }) =>
        expect(proxy.$with({ signal }).waitAt(0, 'gate')).rejects.toThrow('aborted'),
      )
      const { signal } = inner.requests[0]!
      callers[0]!.abort()
      await gone[0]
      expect(signal).toMatchObject({ aborted: false })
      callers[1]!.abort()
      await gone[1]
      expect(signal).toMatchObject({ aborted: true })
      expect(inner.requests).toHaveLength(1)
    })

    it('gives each reader a stream of its own', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Probe>({
        ...probe,
        invoker: new DeduplicatingInvoker({ ttlMs: Number.POSITIVE_INFINITY }),
      })
      const started = handle.start()
      // Made before it was known that the method is a stream.
      const early = [handle.proxy.items(0, 3), handle.proxy.items(0, 3)]
      await started
      const late = [handle.proxy.items(0, 3), handle.proxy.items(0, 3)]
      expect(await Promise.all([...early, ...late].map((stream) => Array.fromAsync(stream)))).toEqual(
        Array(4).fill(range(3)),
      )
      expect((await handle.proxy.takeReport()).begun).toEqual([0, 0, 0, 0])
    })

    it.each([
      ['ttlMs', -1],
      ['ttlMs', Number.NaN],
      ['maxEntries', 0],
      ['maxEntries', Number.NaN],
      ['capacity', 0],
      ['capacity', 1.5],
      ['window', 0],
    ])('is refused with %s: %d', (name, value) => {
      expect(() => new DeduplicatingInvoker({ [name]: value })).toThrow(
        expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(`"${name}"`) }),
      )
    })
  })

  describe('an invoker of one’s own', () => {
    it('sees each call with its caller, and can change, refuse and answer it', async () => {
      await using pool = new Pool()
      const invoker = new OwnInvoker()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
      expect(await proxy.now(4)).toEqual([8])
      await expect(proxy.fails(1)).rejects.toThrow(new TypeError('not today'))
      expect(await Array.fromAsync(proxy.items(0, 100))).toEqual([0, 1])
      const request = { service: 'probe', caller: 'root', isIdempotent: false, signal: undefined, timeoutMs: 30_000 }
      expect(invoker.requests).toEqual([
        { ...request, method: 'now', args: [4] },
        { ...request, method: 'fails', args: [1] },
        { ...request, method: 'items', args: [0, 100], timeoutMs: null },
      ])
    })

    it('registered for a name is used before its specification’s', async () => {
      await using pool = new Pool()
      const invoker = new OwnInvoker()
      pool.register('probe', invoker)
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: 'serialized' })
      expect(await proxy.now(1)).toEqual([2])
      expect(invoker.requests).toHaveLength(1)
    })

    it('can be registered by its name', async () => {
      await using pool = new Pool()
      pool.register('probe', 'serialized')
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>(probe)
      await Promise.all([proxy.later(0, 3), proxy.later(1, 1)])
      expect(await proxy.takeReport()).toMatchObject({ ended: [0, 1], mostRunning: 1 })
    })

    it('hands its calls on to the one that it wraps, which has the mailbox', async () => {
      await using pool = new Pool()
      const seen: string[] = []
      class Noting extends Invoker {
        override invoke(request: CallRequest): Promise<unknown> {
          seen.push(request.method)
          return super.invoke(request)
        }
      }
      const invoker = new Noting({}, new Noting({}, new SerializedInvoker({ capacity: 1 })))
      const handle = await (await placeOf(pool, kind)).spawn<Probe>({
        name: 'probe',
        module: fixture('probe.ts'),
        invoker,
      })
      await handle.pause()
      const calls = [handle.proxy.now(1), handle.proxy.now(2)]
      await expect(calls[1]).rejects.toMatchObject({ code: 'ERR_TROUPE_MAILBOX_FULL' })
      await handle.start()
      await calls[0]
      expect(seen).toEqual(['now', 'now', 'now', 'now'])
    })
  })
})
describe('an invoker of one’s own', () => {
  it('refuses options of a mailbox for one that wraps another', () => {
    expect(() => new DeduplicatingInvoker({ capacity: 1 }, new SerializedInvoker())).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining('capacity') }),
    )
  })

  it('serves one service of one pool: for a service of the same name elsewhere it is BAD_OPTIONS', async () => {
    await using pool = new Pool()
    await using other = new Pool()
    const spec = { name: 'calculator', module: fixture('calculator.ts'), invoker: new ConcurrentInvoker() }
    pool.add(spec)
    expect(() => other.add(spec)).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }))
    expect(other.names).toEqual([])
  })

  it('serves one service: for a second one, and for one that is there already, it is BAD_OPTIONS', async () => {
    await using pool = new Pool()
    const invoker = new OwnInvoker()
    pool.add<Probe>({ ...probe, invoker })
    const badOptions = expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' })
    expect(() => pool.add<Probe>({ ...probe, name: 'other', invoker })).toThrow(badOptions)
    expect(() => pool.register('other', invoker)).toThrow(badOptions)
    expect(() => pool.register('probe', new OwnInvoker())).toThrow(badOptions)
    expect(pool.names).toEqual(['probe'])
  })
})
