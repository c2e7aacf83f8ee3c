import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findUncloneable } from '../../packages/worker-host/src/wire/uncloneable.ts'

const thrower = (thrown: unknown) => ({
  get broken() {
    throw thrown
  },
})
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const textless = Object.create(null)
const detached = new ArrayBuffer(8)
detached.transfer()
const deep = () => {
  let value: unknown = Symbol('s')
  for (let level = 0; level < 50; level++) value = [value]
  return value
}

describe('findUncloneable', () => {
  it.each<readonly [string, unknown, string, string]>([
    ['a function', () => {}, 'root', 'a function'],
    ['a function with a name', function named() {}, 'root', 'the function named'],
    ['a symbol', Symbol('s'), 'root', 'a symbol'],
    ['a promise', Promise.resolve(), 'root', 'a Promise'],
    ['a WeakMap', { cache: new WeakMap() }, 'root.cache', 'a WeakMap'],
    ['a buffer that was transferred', [detached], 'root[0]', 'an ArrayBuffer'],
    ['a generator', (function* () {})(), 'root', 'a Generator'],
    ['an iterator', [1].values(), 'root', 'an Iterator'],
    ['a proxy', [new Proxy({}, {})], 'root[0]', 'an object that structured clone refuses'],
    ['a field', { items: [1, { onDone() {} }] }, 'root.items[1].onDone', 'the function onDone'],
    ['a field with an odd name', { 'on done': Symbol('s') }, 'root["on done"]', 'a symbol'],
    ['an entry of a Map', new Map([['k', () => {}]]), 'root.get("k")', 'a function'],
    ['an entry by a key that is an object', new Map([[{}, Symbol('s')]]), 'root.get([object Object])', 'a symbol'],
    ['an entry by a key without a text', new Map([[textless, Symbol('s')]]), 'root.get(an object)', 'a symbol'],
    [
      'a key of a Map',
      new Map<unknown, number>([
        [1, 1],
        [() => {}, 2],
      ]),
      'root.keys()[1]',
      'a function',
    ],
    ['a member of a Set', new Set([1, Symbol('s')]), 'root.values()[1]', 'a symbol'],
    ['a getter that throws', thrower(new Error('no')), 'root.broken', 'a getter that throws: Error: no'],
    ['a getter that throws what has no text', thrower(textless), 'root.broken', 'a getter that throws: an object'],
    ['a revoked proxy', { a: revoked() }, 'root.a', 'an object without a readable constructor'],
    ['the first of several', [1, () => {}, Symbol('s')], 'root[1]', 'a function'],
    ['what lies deep', deep(), `root${'[0]'.repeat(50)}`, 'a symbol'],
    [
      'a function whose `name` is no text',
      Object.defineProperty(() => {}, 'name', { value: Symbol('s') }),
      'root',
      'a function',
    ],
  ])('names %s', (_, value, path, found) => {
    expect(() => structuredClone(value)).toThrow()
    expect(findUncloneable(value, 'root')).toEqual({ path, found })
  })

  it('always gives a path and words, whatever traps the value has', () => {
    const traps = ['get', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'has'] as const
    fc.assert(
      fc.property(fc.subarray([...traps]), fc.anything(), fc.boolean(), (trapped, thrown, isNested) => {
        const handler = Object.fromEntries(
          trapped.map((trap) => [
            trap,
            () => {
              throw thrown
            },
          ]),
        )
        const value = new Proxy({ a: () => {} }, handler)
        const { path, found } = findUncloneable(isNested ? { inner: value } : value, 'root')
        expect(path).toMatch(/^root/)
        expect(found).toMatch(/^(a|an|the) /)
      }),
    )
  })
})
