import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { transfer } from '../../packages/worker-host/src/values/transfer.ts'
import { isPrimitive, LIVE, snapshotOf } from '../../packages/worker-host/src/wire/snapshot.ts'

/** Arrays with holes and with names, which generators of plain values don't make. */
const oddArray = fc
  .tuple(
    fc.array(fc.option(fc.integer(), { nil: undefined })),
    fc.dictionary(fc.string(), fc.integer(), { maxKeys: 2 }),
  )
  .map(([elements, names]) => {
    const array: unknown[] = []
    elements.forEach((element, index) => {
      if (element === undefined) array.length = index + 1
      else array[index] = element
    })
    for (const [name, value] of Object.entries(names))
      Object.defineProperty(array, `n${name}`, { value, enumerable: true })
    return array
  })

const anyValue = fc.oneof(
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  fc.anything({ maxDepth: 2, maxKeys: 3 }),
  oddArray,
)

describe('snapshot', () => {
  it('of any value is what structured clone makes of it, or LIVE', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const twin = snapshotOf(value)
        if (twin !== LIVE) expect(twin).toStrictEqual(structuredClone(value))
      }),
      { numRuns: 1_000 },
    )
  })

  it('shares no object with the value', () => {
    const objectsOf = (value: unknown): object[] =>
      isPrimitive(value) ? [] : [value as object, ...Object.values(value as object).flatMap(objectsOf)]
    fc.assert(
      fc.property(fc.anything({ maxDepth: 2, maxKeys: 3 }), (value) => {
        const twin = snapshotOf(value)
        if (twin === LIVE) return
        const own = new Set(objectsOf(value))
        expect(objectsOf(twin).filter((object) => own.has(object))).toEqual([])
      }),
    )
  })

  const shared = { n: 1 }
  const cycle: unknown[] = []
  cycle.push(cycle)
  const named = Object.assign([1, 2], { name: 'x' })
  const hole: unknown[] = []
  hole[1] = 1
  const holeAndName = Object.assign([...hole], { name: 'x' }) // as many keys as a dense array of its length
  delete holeAndName[0]
  const twoViews = new Uint8Array(4)
  const moved = new Uint8Array(4)

  it.each<readonly [string, unknown]>([
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
    ['a Date', new Date()],
    ['a Map', new Map()],
    ['an Error', new Error('e')],
    ['an object of a class', new (class Point {})()],
    ['an object without a prototype', Object.create(null)],
    ['an object that stands in two places', [shared, shared]],
    ['a cycle', cycle],
    ['an array with a hole', hole],
    ['an array with a name', named],
    ['an array with a hole and a name', holeAndName],
    ['an own field named __proto__', JSON.parse('{"__proto__":{"a":1}}')],
    ['more than 8 objects', [[], [], [], [], [], [], [], []]],
    ['more than 32 fields', Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`f${n}`, n]))],
    ['more than 32 elements', Array(33).fill(0)],
    ['a function deep inside', { a: [{ b: () => {} }] }],
    ['more than 4,096 bytes', new Uint8Array(4_097)],
    ['a part of a memory', new Uint8Array(8).subarray(1)],
    ['two views of one memory', [twoViews, new Uint8Array(twoViews.buffer)]],
    ['bytes that can grow', new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 }))],
    ['bytes that are shared', new Uint8Array(new SharedArrayBuffer(4))],
    ['bytes that are to be moved', transfer(moved, [moved.buffer])],
    ['an object with which something is moved', transfer({ moved }, [moved.buffer])],
    ['words', new Uint16Array(2)],
  ])('is LIVE for %s', (_, value) => {
    expect(snapshotOf(value)).toBe(LIVE)
  })

  it.each<readonly [string, unknown]>([
    ['numbers that JSON has no word for', [Number.NaN, -0, Number.POSITIVE_INFINITY, 1n]],
    ['undefined in a field and in an array', { a: undefined, b: [undefined] }],
    ['fields named like members of every object', { constructor: 1, toString: 2, hasOwnProperty: 3 }],
    ['8 objects', [[], [], [], [], [], [], []]],
    ['32 elements', Array(32).fill('x')],
    ['4,096 bytes', new Uint8Array(4_096).fill(1)],
  ])('copies %s', (_, value) => {
    expect(snapshotOf(value)).toStrictEqual(value)
  })

  it('of small Buffers is their bytes, without the memory that they were cut out of', () => {
    const [one, large] = [Buffer.from('one'), Buffer.allocUnsafe(Buffer.poolSize / 4).fill('x')]
    for (const { buffer } of [one, large]) expect(buffer.byteLength).toBeGreaterThanOrEqual(Buffer.poolSize)
    const [oneTwin, largeTwin] = snapshotOf([one, large]) as Uint8Array[]
    expect(oneTwin).toStrictEqual(new Uint8Array([111, 110, 101]))
    expect([oneTwin!.buffer.byteLength, largeTwin!.buffer.byteLength]).toEqual([3, Buffer.poolSize / 4])
  })

  it('of bytes is not what becomes of them', () => {
    const bytes = new Uint8Array([1, 2])
    const twin = snapshotOf({ bytes }) as { bytes: Uint8Array }
    bytes.fill(9)
    expect([...twin.bytes]).toEqual([1, 2])
  })

  it('leaves bytes that have been moved away to the clone, which throws', () => {
    const gone = new Uint8Array(4)
    structuredClone(gone.buffer, { transfer: [gone.buffer] })
    expect(() => structuredClone(gone)).toThrow()
    expect(snapshotOf(gone)).toBe(LIVE)
  })
})
