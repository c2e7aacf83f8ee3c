import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { proxy } from '../../packages/worker-host/src/values/comlink.ts'
import { arePlain, Survey } from '../../packages/worker-host/src/values/survey.ts'

const special = fc.constantFrom<() => unknown>(
  () => proxy({ call() {} }),
  () => proxy(() => {}),
  () => () => {},
  () => Symbol('mark'),
  () => ({ async *[Symbol.asyncIterator]() {} }),
  () => new Uint8Array(3),
  () => new ArrayBuffer(3),
  () => new Map(),
  () => new Date(0),
  () => /x/,
  () => new Error('x'),
  () => new (class Own {})(),
)

/** Trees of plain values, with now and then one among them that is not. */
const tree = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    { arbitrary: fc.jsonValue(), weight: 4 },
    { arbitrary: special.map((make) => make()), weight: 1 },
    { arbitrary: fc.array(tie('node'), { maxLength: 5 }), weight: 3 },
    { arbitrary: fc.dictionary(fc.string(), tie('node'), { maxKeys: 5, noNullPrototype: false }), weight: 3 },
  ),
})).node

describe('a glance at values', () => {
  it('takes none for plain in which a survey would find what is marked, or what could be moved', () => {
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 4 }), (values) => {
        const { found, leaves } = new Survey(values)
        if (found.length + leaves.size > 0) expect(arePlain(values)).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes all for plain that JSON can say, up to its size', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        expect(arePlain(values)).toBe(true)
      }),
    )
    expect(arePlain([Array.from({ length: 9_000 }, (_, id) => id)])).toBe(true)
  })

  it.each<[string, () => unknown]>([
    [
      'a cycle',
      () => {
        const cycle: unknown[] = []
        cycle.push([{ cycle }])
        return cycle
      },
    ],
    ['a list that is mostly holes', () => new Array(4_000_000_000)],
    ['more than it may look at', () => Array.from({ length: 10_001 }, () => 0)],
    [
      'objects that stand in each other many times',
      () => Array.from({ length: 40 }).reduce((inner) => [inner, inner], []),
    ],
  ])('ends at %s, which a survey is for', (_, make) => {
    expect(arePlain([make()])).toBe(false)
  })
})
