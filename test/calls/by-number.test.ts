import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByNumber } from '../../packages/worker-host/src/host/by-number.ts'

/** Numbers as owners give them, and what a peer could make up. */
const anyNumber = fc.oneof(
  fc.nat({ max: 5 }),
  fc.constantFrom(65_535, 65_536, 4e9, -1, 0.5, Number.NaN, '1', 'length', 'push', '__proto__', undefined, null),
) as fc.Arbitrary<number>

describe('what belongs to calls, by their numbers', () => {
  it('is kept, found and taken as by a Map, whatever stands in place of a number', () => {
    const step = fc.record({ act: fc.constantFrom('set', 'get', 'take'), number: anyNumber })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const [kept, model] = [new ByNumber<number>(), new Map<number, number>()]
        for (const [value, { act, number }] of steps.entries()) {
          if (act === 'set') {
            kept.set(number, value)
            model.set(number, value)
            continue
          }
          expect(act === 'get' ? kept.get(number) : kept.take(number)).toBe(model.get(number))
          if (act === 'take') model.delete(number)
        }
        expect(kept.values().sort()).toEqual([...model.values()].sort())
      }),
      { numRuns: 500 },
    )
  })
})
