import { Pool } from '@troupe/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Cloner, ResultName } from '../fixtures/services/cloner.ts'
import type { Diary } from '../fixtures/services/diary.ts'

const cloner = { name: 'cloner', module: fixture('cloner.ts') }
const INVOKERS = ['concurrent', 'serialized', 'deduplicating'] as const

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const broken = () => ({
  get broken() {
    throw new RangeError('no value')
  },
})

const BAD_ARGUMENTS: readonly (readonly [string, () => unknown, string])[] = [
  ['a function', () => () => {}, 'argument 0'],
  ['a symbol', () => Symbol('s'), 'argument 0'],
  ['a function in an object', () => ({ items: [1, { onDone() {} }] }), 'argument 0.items[1].onDone'],
  ['a function in a Map', () => new Map([['k', () => 1]]), 'argument 0.get("k")'],
  ['a symbol in a Set', () => new Set([Symbol('s')]), 'argument 0.values()[0]'],
  ['a getter that throws', broken, 'argument 0.broken'],
  ['a revoked proxy', revoked, 'argument 0'],
  ['a promise', () => [Promise.resolve()], 'argument 0[0]'],
]

const notCloneable = (path: string) => ({ name: 'NotCloneableError', code: 'ERR_TROUPE_NOT_CLONEABLE', path })

let runs = 0

const BAD_RESULTS: readonly (readonly [ResultName, string])[] = [
  ['function', ''],
  ['symbol', ''],
  ['inObject', '.items[1].onDone'],
  ['inMap', '.get("key")'],
  ['inSet', '.values()[1]'],
  ['promise', '.inner'],
  ['getter', '.broken'],
  ['generator', ''],
  ['revoked', ''],
  ['throwingThen', '.then'],
]

describe.each(KINDS)('in a %s:', (kind) => {
  describe.each(INVOKERS)('%s: an argument that can’t be cloned', (invoker) => {
    it.each(BAD_ARGUMENTS)('rejects that call alone, with the path to the value: %s', async (_, make, path) => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Cloner>({ ...cloner, invoker })
      const { proxy } = handle
      const outcomes = await Promise.allSettled([
        proxy.arrive('a'),
        proxy.arrive(make()),
        proxy.arrive({ b: 1 }),
        proxy.arrive(make()),
        proxy.arrive(new Date(0)),
        proxy.arrive('d'),
      ])
      expect(outcomes).toMatchObject([
        { value: 1 },
        { reason: notCloneable(path) },
        { value: 2 },
        { reason: notCloneable(path) },
        { value: 3 },
        { value: 4 },
      ])
      expect(await proxy.arrivals()).toEqual(['a', { b: 1 }, new Date(0), 'd'])
      expect(handle.stats()).toMatchObject({ succeeded: 5, failed: 2, pending: 0, queued: 0 })
    })
  })

  describe('an argument that can’t be cloned', () => {
    it('is named by its place among the arguments, and its error keeps the clone’s as its cause', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      await expect(proxy.isSame(1, { f() {} })).rejects.toMatchObject({
        path: 'argument 1.f',
        message: `call of "cloner.isSame": argument 1.f can't be copied to another ${kind}, it is the function f`,
        cause: { message: 'f() {} could not be cloned.' },
      })
    })

    it('is refused as well in a call that waits for the service to start, and for a stream at its first item', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Cloner>(cloner)
      const started = handle.start()
      const outcomes = await Promise.allSettled([handle.proxy.arrive(() => {}), handle.proxy.arrive('good')])
      expect(outcomes).toMatchObject([{ reason: notCloneable('argument 0') }, { value: 1 }])
      await started
      const bad = handle.proxy.giveItems(1, 9, (() => {}) as unknown as ResultName)
      await expect(bad.next()).rejects.toMatchObject(notCloneable('argument 2'))
      expect(await handle.proxy.arrivals()).toEqual(['good'])
    })

    it('leaves the count of begun calls exact: after a crash each other call has run once', async () => {
      await using pool = new Pool()
      const place = await placeOf(pool, kind)
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.boolean(), { maxLength: 6 }),
          fc.array(fc.boolean(), { maxLength: 6 }),
          async (a, b) => {
            using notes = new Notebook()
            const handle = await place.spawn<Diary>({
              name: `diary ${++runs}`,
              module: fixture('diary.ts'),
              options: { notes: notes.path },
              invoker: 'serialized',
              supervision: { restart: 'permanent' },
            })
            const note = (isGood: boolean, entry: number) => handle.proxy.note(entry, isGood ? [new Date()] : () => {})
            const calls = [
              ...a.map((isGood, index) => note(isGood, index + 1)),
              handle.proxy.crash(50, 'uncaught'),
              ...b.map((isGood, index) => note(isGood, index + 101)),
            ]
            const outcomes = await Promise.allSettled(calls)
            const expected = (isGood: boolean) =>
              isGood ? { status: 'fulfilled' } : { reason: notCloneable('argument 1') }
            expect(outcomes).toMatchObject([
              ...a.map(expected),
              { reason: { code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: true } },
              ...b.map(expected),
            ])
            const entries = [
              ...a.flatMap((isGood, index) => (isGood ? [index + 1] : [])),
              50,
              ...b.flatMap((isGood, index) => (isGood ? [index + 101] : [])),
            ]
            expect(notes.lines.map(Number)).toEqual(entries)
            await handle.stop()
          },
        ),
        { numRuns: kind === 'thread' ? 8 : 4 },
      )
    })
  })

  describe.each(['concurrent', 'serialized'] as const)('%s: a result that can’t be cloned', (invoker) => {
    it.each(BAD_RESULTS)('rejects that call alone, with the path to the value: %s', async (name, path) => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Cloner>({ ...cloner, invoker })
      const { proxy } = handle
      const outcomes = await Promise.allSettled([
        proxy.arrive('a'),
        proxy.give(name),
        proxy.arrive({ b: 1 }),
        proxy.giveLater(name),
        proxy.give(name),
        proxy.arrive('c'),
      ])
      expect(outcomes).toMatchObject([
        { value: 1 },
        { reason: notCloneable(`result${path}`) },
        { value: 2 },
        { reason: notCloneable(`result.inner${path}`) },
        { reason: notCloneable(`result${path}`) },
        { value: 3 },
      ])
      expect(handle.stats()).toMatchObject({ generation: 1, succeeded: 3, failed: 3, pending: 0 })
    })
  })

  describe('an item that can’t be cloned', () => {
    it.each(BAD_RESULTS)('ends that stream alone after the items before it: %s', async (name, path) => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const seen: unknown[] = []
      const read = async () => {
        for await (const item of proxy.giveItems(5, 2, name)) seen.push(item)
      }
      const [bad, good] = await Promise.allSettled([read(), Array.fromAsync(proxy.giveItems(5, 9, name))])
      expect(bad).toMatchObject({ reason: notCloneable(`item.inner${path}`) })
      expect(seen).toEqual([{ inner: 0 }, { inner: 1 }])
      expect(good).toMatchObject({ value: [0, 1, 2, 3, 4].map((inner) => ({ inner })) })
      expect(await proxy.arrivals()).toEqual(['left', 'left'])
    })
  })

  describe('a result that has a `then`', () => {
    it('is awaited like a promise, settles the call once, and a `then` that throws fails it alone', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const outcomes = await Promise.allSettled([
        proxy.settle('good'),
        proxy.settle('twice'),
        proxy.settle('throwing'),
        proxy.arrive(),
        proxy.arrive(),
      ])
      expect(outcomes).toMatchObject([
        { value: 'good' },
        { value: 'first' },
        { reason: new RangeError('from then') },
        { value: 1 },
        { value: 2 },
      ])
      // A second reply to one call would settle whichever call has its number next.
      expect(await Promise.all([proxy.echo('x'), proxy.echo('y'), proxy.echo('z')])).toEqual(['x', 'y', 'z'])
    })
  })
})
