import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callKey } from '../../packages/runtime/src/calls/call-key.ts'

const plain = fc.anything({ withBigInt: true, withDate: true, maxDepth: 3, maxKeys: 4 })

/** The same value with the keys of its objects in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, reordered(field)]),
  )
}

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  return proxy
}
const cycle: unknown[] = []
cycle.push(cycle)
const hole: unknown[] = []
hole[1] = 1
const holeAndName = Object.assign([0, 1], { name: 'x' }) // as many keys as elements
delete holeAndName[0]

describe('callKey', () => {
  it('is equal for arguments that a clone would make equal, whatever the order of object keys', () => {
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 3 }), (args) => {
        const key = callKey('m', args)
        expect(callKey('m', reordered(args) as unknown[])).toBe(key)
        expect(callKey('m', structuredClone(args))).toBe(key)
      }),
      { numRuns: 500 },
    )
  })

  it('differs for arguments that differ', () => {
    const few = fc.constantFrom(
      0,
      -0,
      '0',
      1,
      '1',
      1n,
      '1n',
      true,
      'true',
      null,
      'null',
      undefined,
      Number.NaN,
      'NaN',
      '',
    )
    const small = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, few, fc.array(tie('value'), { maxLength: 2 }), tie('object')),
      object: fc.dictionary(fc.constantFrom('a', 'b', 'a:1', '"'), tie('value'), { maxKeys: 2, noNullPrototype: true }),
    })).value
    const list = fc.array(small, { maxLength: 3 })
    fc.assert(
      fc.property(list, list, (a, b) => {
        expect(callKey('m', a) === callKey('m', b)).toBe(isDeepStrictEqual(a, b))
      }),
      { numRuns: 2_000 },
    )
  })

  it.each<readonly [string, unknown[], unknown[]]>([
    ['none and undefined', [], [undefined]],
    ['a list and its elements', [[1, 2]], [1, 2]],
    ['a missing field and an undefined one', [{}], [{ a: undefined }]],
    ['a date and its time', [new Date(5)], [5]],
    ['a date and its text', [new Date(5)], ['Date(5)']],
    ['a list and an object of the same keys', [['x']], [{ 0: 'x' }]],
    ['one text and two', ['a","b'], ['a', 'b']],
  ])('tells apart %s', (_, a, b) => {
    expect(callKey('m', a)).not.toBe(callKey('m', b))
  })

  it('tells methods apart', () => {
    expect(callKey('a', [1])).not.toBe(callKey('b', [1]))
  })

  it.each<readonly [string, unknown]>([
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
    ['an object of a class', new (class Point {})()],
    ['a Map', new Map()],
    ['a typed array', new Uint8Array(1)],
    ['a list with a hole', hole],
    ['a list with a name', Object.assign([1], { name: 'x' })],
    ['a list with a hole and a name', holeAndName],
    ['a cycle', cycle],
    ['more than 1,000 values', Array(1_001).fill(0)],
    [
      'a getter that throws',
      {
        get broken() {
          throw new Error('no value')
        },
      },
    ],
    ['a revoked proxy', revoked()],
  ])('is undefined for %s', (_, value) => {
    expect(callKey('m', [value])).toBeUndefined()
    expect(callKey('m', [{ nested: [value] }])).toBeUndefined()
  })
})
