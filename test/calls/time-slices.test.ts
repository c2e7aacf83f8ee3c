import { setImmediate as turn } from 'node:timers/promises'
import type { ServiceHandle } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { TimeSlice } from '../../packages/worker-host/src/host/time-slice.ts'
import { fixture, openPool } from '../fixtures/index.ts'
import type { Doomed } from '../fixtures/services/doomed.ts'
import type { Plodder } from '../fixtures/services/plodder.ts'

describe('a time slice', () => {
  /** Calls after which it is over, when each takes so long. */
  const callsOf = (eachMs: number): number => {
    const slice = new TimeSlice()
    slice.begin(100)
    for (let calls = 1; calls <= 10_000; calls++) if (slice.isOver(100 + calls * eachMs)) return calls
    return Number.POSITIVE_INFINITY
  }

  it.each([
    [0, Number.POSITIVE_INFINITY],
    [0.001, 1_007],
    [0.1, 15],
    [0.5, 3],
    [1, 1],
    [1_000, 1],
  ])('of calls of %d ms is over after %d of them', (eachMs, calls) => {
    expect(callsOf(eachMs)).toBe(calls)
  })

  it('looks at the clock after each call once it has been over', () => {
    const slice = new TimeSlice()
    slice.begin(0)
    expect([1, 1, 2, 2].map((nowMs) => slice.isOver(nowMs))).toEqual([true, true, true, true])
  })
})

describe.each(['concurrent', 'serialized'] as const)('slow calls of a %s service, made at once,', (invoker) => {
  async function openPlodder() {
    const pool = openPool()
    const shared = new Int32Array(new SharedArrayBuffer(4))
    const spec = { name: 'plodder', module: fixture('plodder.ts'), options: { shared }, invoker }
    const handle: ServiceHandle<Plodder> = await pool.spawn<Plodder>(spec)
    const heard = (): void => void Atomics.add(shared, 0, 1)
    return { handle, proxy: handle.proxy, heard, [Symbol.asyncDispose]: () => pool.close() }
  }

  it('are answered one by one: each finds that its caller has had the result of the one before', async () => {
    await using plodder = await openPlodder()
    const outcomes = Array.from({ length: 20 }, async (_, n) => {
      const wasHeard = await plodder.proxy.untilHeard(n)
      plodder.heard()
      return wasHeard
    })
    expect(await Promise.all(outcomes)).toEqual(outcomes.map(() => true))
  })

  it('don’t run any more when they are cancelled while the one before them runs', async () => {
    await using plodder = await openPlodder()
    const { signal, abort } = abortable()
    const first = plodder.proxy.untilHeard(0)
    const second = plodder.proxy.untilHeard(1)
    const third = plodder.proxy.$with({ signal }).untilHeard(2)
    const fourth = plodder.proxy.untilHeard(1)
    await first
    abort()
    await expect(third).rejects.toMatchObject({ name: 'AbortError' })
    await turn() // the thread is told at the end of a turn
    plodder.heard()
    expect(await Promise.all([second, fourth])).toEqual([true, true])
    expect(await plodder.proxy.done()).toEqual([0, 1, 1])
  })

  it('let a timer of the service run between them', async () => {
    await using plodder = await openPlodder()
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => plodder.proxy.setTimer()))
    expect(outcomes[0]).toBe(false)
    expect(outcomes[4]).toBe(true)
  })

  it('wait when it is paused meanwhile, and run after its next start', async () => {
    await using plodder = await openPlodder()
    const calls = [0, 1, 1, 1].map((n) => plodder.proxy.untilHeard(n))
    await calls[0]
    const paused = plodder.handle.pause()
    await turn()
    plodder.heard()
    await paused
    const late = Promise.allSettled(calls)
    await plodder.handle.start()
    expect(await late).toEqual(calls.map(() => ({ status: 'fulfilled', value: true })))
    expect(await plodder.proxy.done()).toEqual([0, 1, 1, 1])
  })

  it('run in their order, whatever waits, and each once', async () => {
    await using plodder = await openPlodder()
    const words = Array.from({ length: 30 }, (_, n) => `${n}`)
    await Promise.all(words.slice(0, 10).map((word) => plodder.proxy.note(word)))
    const some = words.slice(10, 20).map((word) => plodder.proxy.note(word))
    await turn()
    const others = words.slice(20).map((word) => plodder.proxy.note(word))
    await Promise.all([...some, ...others])
    const done = await plodder.proxy.done()
    expect(done.filter((entry) => typeof entry === 'string')).toEqual(words)
  })
})

it('calls of a concurrent service keep their order with those of what it has given, though it is slow', async () => {
  await using pool = openPool()
  const shared = new Int32Array(new SharedArrayBuffer(4))
  const { proxy } = await pool.spawn<Plodder>({ name: 'plodder', module: fixture('plodder.ts'), options: { shared } })
  const tell = await proxy.teller()
  await Promise.all([proxy.note('a'), tell('b'), proxy.note('c'), tell('d'), proxy.note('e')])
  const done = await proxy.done()
  expect(done.filter((entry) => typeof entry === 'string')).toEqual(['a', 'b', 'c', 'd', 'e'])
})

async function openDoomed(calls: number, threads: number) {
  const pool = openPool()
  const shared = new Int32Array(new SharedArrayBuffer(4 * (calls + 1)))
  const handle = await pool.spawn<Doomed>({
    name: 'doomed',
    module: fixture('doomed.ts'),
    options: { shared },
    supervision: { restart: 'transient' },
    threads,
  })
  const numbers = Array.from({ length: calls }, (_, n) => n + 1)
  const called = Promise.allSettled(numbers.map((number) => handle.proxy.count(number)))
  return { handle, called, runs: () => [...shared.subarray(1)], [Symbol.asyncDispose]: () => pool.close() }
}

it('calls that a thread has put off as its service fails are made again, and each runs once', async () => {
  await using doomed = await openDoomed(100, 1)
  const ends = await doomed.called
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['fulfilled']))
  expect(new Set(doomed.runs())).toEqual(new Set([1]))
  expect(doomed.handle.stats().restarts).toBe(1)
})

it('calls that another thread of a service that fails has put off are made again, and none runs twice', async () => {
  await using doomed = await openDoomed(200, 2)
  const ends = await doomed.called
  expect(new Set(doomed.runs())).toEqual(new Set([1]))
  const begun = ends.filter(({ status }) => status === 'rejected') // in that thread, which lived, and were not answered
  expect(begun.length).toBeLessThan(10)
  expect(doomed.handle.stats().restarts).toBe(1)
})

function abortable() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
