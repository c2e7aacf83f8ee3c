/** What structured clone makes of values, row by row of the guide's table: what stays, and what is silently lost. */
import { Pool } from '@troupe/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Cloner } from '../fixtures/services/cloner.ts'

const cloner = { name: 'cloner', module: fixture('cloner.ts') }

class Point {
  x = 1
  get double() {
    return this.x * 2
  }
}
const cyclic = () => {
  const value: { self?: unknown } = {}
  value.self = value
  return value
}

/** What is sent, and what comes back. */
const KEPT: readonly (readonly [string, () => unknown])[] = [
  ['undefined, null, NaN, -0 and infinities', () => [undefined, null, Number.NaN, -0, Number.NEGATIVE_INFINITY]],
  ['bigints', () => 2n ** 70n],
  ['dates, regular expressions', () => [new Date(5), /a+/gi]],
  ['Maps and Sets', () => [new Map([[{ a: 1 }, new Set([1])]])]],
  ['typed arrays and buffers', () => [new Float64Array([1.5]), new ArrayBuffer(3)]],
  ['holes', () => Object.assign(new Array(3), { 1: 'between' })],
  ['cycles', cyclic],
  ['the order of keys', () => ({ z: 1, a: 2, 1: 3 })],
]

const CHANGED: readonly (readonly [string, () => unknown, unknown])[] = [
  ['an instance of a class becomes a plain object, without its methods and accessors', () => new Point(), { x: 1 }],
  [
    'a getter becomes its value',
    () => Object.defineProperty({}, 'now', { get: () => 5, enumerable: true }),
    { now: 5 },
  ],
  ['a frozen object is frozen no more', () => Object.freeze({ a: 1 }), { a: 1 }],
  ['a property that is not enumerable is left out', () => Object.defineProperty({}, 'hidden', { value: 1 }), {}],
  ['a property named by a symbol is left out', () => ({ [Symbol('s')]: 1, a: 2 }), { a: 2 }],
  ['an object without a prototype gets one', () => Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ['a Buffer becomes a Uint8Array', () => Buffer.from('ab'), new Uint8Array([97, 98])],
  [
    'an error of a class of its own becomes one of the nearest standard class',
    () => new (class E extends RangeError {})('m'),
    new RangeError('m'),
  ],
  ['the lastIndex of a regular expression is reset', () => Object.assign(/a/g, { lastIndex: 3 }), /a/g],
]

describe.each(KINDS)('in a %s:', (kind) => {
  describe('structured clone', () => {
    it.each(KEPT)('keeps %s', async (_, make) => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const back = await proxy.echo(make())
      expect(back).toStrictEqual(make())
      if (typeof back === 'object' && back !== null) expect(Object.keys(back)).toEqual(Object.keys(make() as object))
    })

    it.each(CHANGED)('changes: %s', async (_, make, expected) => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      expect(await proxy.echo(make())).toStrictEqual(expected)
    })

    it('of any value is what a call carries, there and back', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Cloner>(cloner)
      const value = fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withSparseArray: true,
        withTypedArray: true,
        withNullPrototype: true,
      })
      await fc.assert(
        fc.asyncProperty(value, async (value) => {
          expect(await proxy.echo({ value })).toStrictEqual(structuredClone({ value }))
        }),
        { numRuns: 500 },
      )
    })
  })
})
