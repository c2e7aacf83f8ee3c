import { Pool } from '@troupe/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Cloner } from '../fixtures/services/cloner.ts'

const cloner = { name: 'cloner', module: fixture('cloner.ts') }

/** Objects small enough to be copied at once, and such that need a clone. */
const SIZES: readonly (readonly [string, () => object])[] = [
  ['small', () => ({})],
  ['large', () => ({ ballast: Array.from({ length: 100 }, (_, n) => ({ n })) })],
  ['odd', () => ({ ballast: new Map([[1, new Date(0)]]) })],
]

describe.each(KINDS)('in a %s:', (kind) => {
  describe.each(SIZES)('a %s argument', (_, ballast) => {
    it('is fixed when the call is made: what its caller changes right after, the service does not see', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const value = { n: 1, list: [1], ...ballast() }
      const echoes: Promise<unknown>[] = []
      for (let n = 1; n <= 3; n++) {
        echoes.push(proxy.echo(value))
        value.n++
        value.list.push(value.n)
      }
      const [first, second, third] = [[1], [1, 2], [1, 2, 3]].map((list, index) => ({
        n: index + 1,
        list,
        ...ballast(),
      }))
      expect(await Promise.all(echoes)).toEqual([first, second, third])
    })

    it('given to two calls is not shared by them', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const value = { n: 1, ...ballast() }
      expect(await Promise.all([proxy.change(value), proxy.change(value)])).toEqual([2, 2])
      expect(value.n).toBe(1)
    })

    it('given twice to one call is one object there', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const value = { n: 1, ...ballast() }
      expect(await Promise.all([proxy.isSame(value, value), proxy.isSame(value, { ...value })])).toEqual([true, false])
      expect(await proxy.isSameWithin([value, value])).toBe(true)
    })
  })

  describe('a result', () => {
    it('is fixed when the method returns it: what a later call of the batch changes, its caller does not see', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const calls = [proxy.current(), proxy.step(), proxy.current(), proxy.step(), proxy.current()]
      expect(await Promise.all(calls)).toEqual([
        { count: 0, list: [0] },
        undefined,
        { count: 1, list: [0, 1] },
        undefined,
        { count: 2, list: [0, 1, 2] },
      ])
    })

    it('of two calls is not shared by their callers', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const [a, b, later] = await Promise.all([proxy.current(), proxy.current(), proxy.currentLater()])
      a.list.push(9)
      expect([b, later]).toEqual(Array(2).fill({ count: 0, list: [0] }))
    })

    it('that names one object twice names one object on the caller’s side', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const [a, b] = await proxy.twins()
      expect(a).toBe(b)
    })

    it('as an item of a stream is fixed when it is yielded', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      expect(await Array.fromAsync(proxy.states(5))).toEqual([0, 1, 2, 3, 4].map((n) => ({ n })))
    })
  })

  describe('any value that structured clone can copy', () => {
    it('comes back as structured clone copies it', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const anyValue = fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withNullPrototype: true,
        withSparseArray: true,
        withTypedArray: true,
      })
      await fc.assert(
        fc.asyncProperty(fc.array(anyValue, { maxLength: 40 }), async (values) => {
          const echoes = await Promise.all(values.map((value) => proxy.echo(value)))
          expect(echoes).toStrictEqual(values.map((value) => structuredClone(value)))
        }),
        { numRuns: 60 },
      )
    })

    it.each<readonly [string, () => unknown]>([
      ['errors', () => new RangeError('as a value', { cause: new TypeError('its cause') })],
      ['regular expressions', () => /a+/giu],
      ['buffers', () => new Uint8Array([1, 2, 3]).buffer],
      [
        'views of one buffer',
        () => {
          const buffer = new ArrayBuffer(8)
          return [new Uint8Array(buffer, 4), new DataView(buffer)]
        },
      ],
      ['boxed values', () => [Object(1), Object('s'), Object(true), Object(1n)]],
      [
        'a cycle',
        () => {
          const cycle: Record<string, unknown> = {}
          cycle.self = cycle
          return cycle
        },
      ],
      ['an array of 100,000', () => Array.from({ length: 100_000 }, (_, n) => n)],
    ])('does so: %s', async (_, make) => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const value = make()
      expect(await proxy.echo(value)).toEqual(structuredClone(value))
    })
  })
})

describe('shared memory', () => {
  it('is shared with a service in another thread', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Cloner>(cloner)
    const words = new Int32Array(new SharedArrayBuffer(4))
    const back = (await proxy.echo(words)) as Int32Array
    back[0] = 7
    expect(words[0]).toBe(7)
  })
})
