/** What stays where it is: functions and objects marked by `proxy()`, given to a service and given by one. */
import { lasting, Pool, proxy, type ServiceHandle } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { Counter } from '../fixtures/counter.ts'
import { Comlink, fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Foreman } from '../fixtures/services/foreman.ts'

const foreman = { name: 'foreman', module: fixture('foreman.ts') }

const revoked = { code: 'ERR_TROUPE_REVOKED' }

describe.each(KINDS)('in a %s:', (kind) => {
  async function open(pool: Pool): Promise<ServiceHandle<Foreman>> {
    return (await placeOf(pool, kind)).spawn<Foreman>(foreman)
  }

  describe('a function given to a service', () => {
    it.each([
      ['Troupe', proxy],
      ['Comlink', Comlink.proxy],
    ])('is called in its own thread, in order, before its call settles; marked by %s', async (_, mark) => {
      await using pool = new Pool()
      const handle = await open(pool)
      const done: number[] = []
      expect(
        await handle.proxy.work(
          1_000,
          mark((n: number) => done.push(n)),
        ),
      ).toBe(1_000)
      expect(done).toEqual(Array.from({ length: 1_000 }, (_, n) => n + 1))
    })

    it('gives what it returns, or what its promise does', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      expect(await calls.ask(proxy((text) => `${text} because`))).toBe('answered: why? because')
      expect(await calls.ask(proxy(async (text) => `${text} later`))).toBe('answered: why? later')
    })

    it('throws with class, code and message to whoever awaits it, and hurts nobody who doesn’t', async () => {
      await using pool = new Pool()
      const handle = await open(pool)
      const failing = proxy(() => {
        throw Object.assign(new RangeError('no'), { code: 'E_NO' })
      })
      await expect(handle.proxy.ask(failing)).rejects.toMatchObject({ name: 'RangeError', message: 'no', code: 'E_NO' })
      expect(await handle.proxy.work(3, failing)).toBe(3)
      expect(await handle.proxy.work(0, failing)).toBe(0) // the service has not crashed
      expect(handle.generation).toBe(1)
    })

    it('is found inside of plain objects and arrays, which stay as they were', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      const steps: number[] = []
      const job = { steps: [1, 2], hooks: { onStep: proxy((n: number) => void steps.push(n)) } }
      const before = job.hooks.onStep
      expect(await calls.workOn(job)).toBe(2)
      expect(steps).toEqual([1, 2])
      expect(job.hooks.onStep).toBe(before)
    })

    it('is revoked when its call ends, well or badly', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      let called = 0
      await calls.keep(proxy(() => called++))
      expect(await calls.callKept(1)).toBe(revoked.code)
      expect(called).toBe(0)
    })

    it('outlives its call when it is lasting, until it is let go', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      const heard: number[] = []
      await calls.keep(lasting((n: number) => heard.push(n)))
      expect([await calls.callKept(5), await calls.callKept(6)]).toEqual([1, 2])
      await calls.letGo()
      expect(await calls.callKept(7)).toBe(revoked.code)
      expect(heard).toEqual([5, 6])
    })

    it('can’t be given, or give, what can’t cross: that call alone is refused, by the place of the value', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      const take = proxy((value: unknown) => (value === 'symbol' ? Symbol('s') : 'taken'))
      expect(await calls.give(take, 'function')).toEqual(['ERR_TROUPE_NOT_CLONEABLE', 'argument 0.inner'])
      expect(await calls.give(take, 'symbol')).toEqual(['ERR_TROUPE_NOT_CLONEABLE', 'argument 0'])
      expect(await calls.give(take, 'ask for a symbol')).toEqual(['ERR_TROUPE_NOT_CLONEABLE', 'result'])
    })

    it('without a mark is refused, as ever', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      const bare = (() => {}) as unknown as Parameters<typeof calls.keep>[0]
      await expect(calls.keep(bare)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_CLONEABLE', path: 'argument 0' })
    })

    it('counts, and one too many is an error of its call', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      const many = Array.from({ length: 10_001 }, () => lasting(() => {}))
      const any = calls as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
      await expect(any.keep!(many)).rejects.toMatchObject({ code: 'ERR_TROUPE_TOO_MANY_REFERENCES' })
      await any.keep!(many.slice(1)) // those of the refused call are not kept
      await expect(calls.keep(proxy(() => {}))).rejects.toMatchObject({ code: 'ERR_TROUPE_TOO_MANY_REFERENCES' })
    })
  })

  describe('an object given to a service', () => {
    it('is called in its own thread: its methods alone, by their names', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      const counter = new Counter()
      expect(await calls.count(proxy(counter))).toEqual({ sums: [2, 5], names: ['add', 'fail'] })
      expect(counter.doubled).toBe(10)
      expect(await calls.failOf(proxy(counter))).toEqual(['RangeError', 'too far', 'E_FAR'])
    })
  })

  describe('what a service gives', () => {
    it('can be an object that stays there, with its state', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      const counter = await calls.counter()
      expect([await counter.add(1), await counter.add(2)]).toEqual([1, 3])
      await expect(counter.fail()).rejects.toMatchObject({ name: 'RangeError', message: 'too far', code: 'E_FAR' })
      expect(Object.keys(counter)).toEqual(['add', 'fail'])
      expect(Reflect.get(counter, 'then')).toBeUndefined()
      expect(Reflect.get(counter, 'constructor')).toBeUndefined()
    })

    it('can be a function, that takes functions in turn', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      const add = await calls.adder(40)
      expect(await add(2)).toBe(42)
      const map = await calls.mapper()
      const double = proxy((n: number) => n * 2) as unknown as Parameters<typeof map>[1]
      expect(await map([1, 2, 3], double)).toEqual([2, 4, 6])
    })

    it('can be the items of a stream', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      const counters = await Array.fromAsync(calls.counters(3))
      expect(await Promise.all(counters.map((counter, n) => counter.add(n)))).toEqual([0, 1, 2])
    })

    it('outlives the call that gave it, and those that come after', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      const counters = []
      for (let n = 0; n < 3; n++) counters.push(await calls.counter())
      for (const counter of counters) expect(await counter.add(1)).toBe(1)
    })

    it('can’t be the service itself', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      await expect(calls.self()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_CLONEABLE', path: 'result' })
    })

    it('is let go by its stub: later calls of it are refused', async () => {
      await using pool = new Pool()
      const { proxy: calls } = await open(pool)
      const counter = await calls.counter()
      await counter.add(1)
      counter[Symbol.dispose]()
      await expect(counter.add(1)).rejects.toMatchObject(revoked)
    })

    it.each([
      [
        'crashes',
        (handle: ServiceHandle<Foreman>) => void handle.proxy.crash().catch(() => {}),
        'ERR_TROUPE_SERVICE_CRASHED',
      ],
      ['is killed', (handle: ServiceHandle<Foreman>) => handle.kill(), 'ERR_TROUPE_SERVICE_CRASHED'],
      ['stops', (handle: ServiceHandle<Foreman>) => void handle.stop(), revoked.code],
    ])('settles its calls when the service %s, and refuses those that come after', async (_, end, code) => {
      await using pool = new Pool()
      const handle = await open(pool)
      const hang = (await handle.proxy.hang()) as () => Promise<never>
      const waiting = expect(hang()).rejects.toMatchObject({ code })
      const ended = handle.finished.catch(() => {})
      end(handle)
      await waiting
      await ended
      await expect(hang()).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_TROUPE_(REVOKED|SERVICE_CRASHED)$/),
      })
    })
  })

  it('a deduplicated call that gives what can’t be copied gives each of its callers its own', async () => {
    await using pool = new Pool()
    const { proxy: calls } = await (await placeOf(pool, kind)).spawn<Foreman>({ ...foreman, invoker: 'deduplicating' })
    const counters = await Promise.all([calls.counter(), calls.counter(), calls.counter()])
    for (const counter of counters) expect(await counter.add(2)).toBe(2)
  })
})
