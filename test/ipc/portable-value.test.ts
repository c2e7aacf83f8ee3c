import fc from 'fast-check'
import { expect, it } from 'vitest'
import { deserialize, isPortable, serialize } from '../../packages/worker-host/src/ipc/portable-value.ts'

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
})

it('comes back as structured clone copies it, whatever it is', () => {
  fc.assert(
    fc.property(anything, (value) => {
      expect(deserialize(serialize(value))).toEqual(structuredClone(value))
    }),
  )
})

it('is looked at as far as there is something, and not in billions of holes', () => {
  const sparse: unknown[] = []
  sparse[4_000_000_000] = 1
  expect(isPortable({ sparse })).toBe(true)
  const named = Object.assign([1], { buffer: new SharedArrayBuffer(1) })
  expect(isPortable(named)).toBe(false)
})

it('is refused where its class would lose what it says', () => {
  expect(isPortable({ error: new DOMException('not this', 'AbortError') })).toBe(false)
})

it('can be as deep as the serializer goes, and as wide as memory', () => {
  let deep: unknown = 'end'
  for (let level = 0; level < 2_000; level++) deep = [deep]
  expect(isPortable(deep)).toBe(true)
  expect(isPortable(Array.from({ length: 200_000 }, (_, n) => ({ n })))).toBe(true)
})

it.each([
  [
    'a getter that throws',
    {
      get trap() {
        throw new Error('trap')
      },
    },
  ],
  [
    'a revoked proxy',
    (() => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    })(),
  ],
  [
    'an object whose class can not be read',
    Object.create(Object.create(null), {
      constructor: {
        get() {
          throw 1
        },
      },
    }),
  ],
])('is refused, and nothing worse: %s', (kind, value) => {
  expect(isPortable([value])).toBe(kind.startsWith('an object'))
})
