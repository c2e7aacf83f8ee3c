import { decodeThrown, encodeThrown } from '@troupe/worker-host/owner'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/** Errors of many classes whose fields, causes and lists hold anything, other errors and themselves included. */
const anyError = fc
  .record({
    type: fc.constantFrom(Error, TypeError, RangeError, class Own extends Error {}, class Bare extends TypeError {}),
    message: fc.oneof(fc.string(), fc.anything()),
    fields: fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('name', 'stack', 'cause', 'errors', 'code', '__proto__', 'constructor')),
      fc.oneof(
        fc.anything({ withMap: true, withSet: true, withBigInt: true, withDate: true, withTypedArray: true }),
        fc.constantFrom('self', 'selves', 'getter', 'function', 'revoked'),
      ),
    ),
    isFrozen: fc.boolean(),
  })
  .map(({ type, message, fields, isFrozen }) => {
    const error = new type('a message')
    for (const [name, value] of [['message', message] as const, ...Object.entries(fields)]) {
      Object.defineProperty(error, name, { enumerable: true, configurable: true, ...propertyOf(value, error) })
    }
    return isFrozen ? Object.freeze(error) : error
  })

function propertyOf(value: unknown, self: Error): PropertyDescriptor {
  switch (value) {
    case 'self':
      return { value: self }
    case 'selves':
      return { value: [self, self, self] }
    case 'function':
      return { value: () => {} }
    case 'revoked': {
      const { proxy, revoke } = Proxy.revocable([], {})
      revoke()
      return { value: proxy }
    }
    case 'getter':
      return {
        get() {
          throw self
        },
      }
    default:
      return { value }
  }
}

describe('encodeThrown', () => {
  it('makes of whatever was thrown a record that can be cloned, and that an error can be made of', () => {
    fc.assert(
      fc.property(fc.oneof(anyError, fc.anything()), (thrown) => {
        const data = structuredClone(encodeThrown(thrown))
        const rebuilt = decodeThrown(data)
        expect(rebuilt instanceof Error).toBe(thrown instanceof Error)
      }),
      { numRuns: 500 },
    )
  })

  it('gives a record that names the same class, name, message and fields once it is rebuilt', () => {
    const field = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.date({ noInvalidDate: true }))
    const ownName = fc
      .string({ minLength: 1 })
      .filter((name) => !['stack', 'message', 'name', 'cause', '__proto__'].includes(name))
    fc.assert(
      fc.property(
        fc.constantFrom(Error, TypeError, RangeError, SyntaxError, URIError),
        fc.string(),
        fc.dictionary(ownName, field),
        (type, message, fields) => {
          const rebuilt = decodeThrown(structuredClone(encodeThrown(Object.assign(new type(message), fields)))) as Error
          expect(Object.getPrototypeOf(rebuilt)).toBe(type.prototype)
          // As entries: a field named "constructor" would be taken for the class of the object that is compared.
          expect(Object.entries(rebuilt)).toStrictEqual(Object.entries(fields))
          expect([rebuilt.name, rebuilt.message]).toEqual([type.name, message])
        },
      ),
    )
  })

  it.each([
    ['a chain of causes', 40],
    ['a chain longer than any stack', 20_000],
  ])('cuts %s after 16 errors, and says so', (_, length) => {
    let error = new Error('innermost')
    for (let n = 0; n < length; n++) error = new Error(`level ${n}`, { cause: error })
    let data: unknown = decodeThrown(encodeThrown(error))
    let depth = 0
    for (; data instanceof Error; data = data.cause) depth++
    expect([depth, data]).toEqual([16, 'cut off: more than 16 errors deep'])
  })

  it('keeps the record small where each error names the next one many times', () => {
    let error = new Error('innermost')
    for (let n = 0; n < 16; n++)
      error = Object.assign(new AggregateError([error, error], `level ${n}`), { next: error })
    const record = JSON.stringify(encodeThrown(error))
    expect(record.match(/"kind":"error"/g)?.length).toBe(1_000)
    expect(record).toContain('cut off: more than 1000 errors')
  })

  it('keeps all errors of a long list', () => {
    const errors = Array.from({ length: 500 }, (_, n) => new RangeError(`error ${n}`))
    const rebuilt = decodeThrown(encodeThrown(new AggregateError(errors, 'many'))) as AggregateError
    expect(rebuilt.errors.map(({ message }) => message)).toEqual(errors.map(({ message }) => message))
  })
})

describe('decodeThrown', () => {
  const data = encodeThrown(new RangeError('r'))

  it.each(['__proto__', 'stack', 'name', 'message', 'cause'])('takes no field named "%s" from a peer', (key) => {
    const fields = [[key, { kind: 'value', value: { polluted: true } }]] as const
    const error = decodeThrown({ ...data, fields } as typeof data) as RangeError
    expect(error).toBeInstanceOf(RangeError)
    expect(error).not.toHaveProperty('polluted')
    expect([error.name, error.message, error.cause]).toEqual(['RangeError', 'r', undefined])
    expect(error.stack).toContain('RangeError: r')
  })

  it.each(['constructor', '__proto__', 'toString', 'Object', 'Function', ''])(
    'gives an error of a class that it doesn’t know, "%s", the class Error and that name',
    (name) => {
      const error = decodeThrown({ ...data, classes: [name], name } as typeof data) as Error
      expect(Object.getPrototypeOf(error)).toBe(Error.prototype)
      expect(error.name).toBe(name)
    },
  )
})
