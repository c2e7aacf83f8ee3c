import { inspect, types } from 'node:util'
import { BadOptionsError, Pool, registerError, TroupeError } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { InsufficientFundsError } from '../fixtures/services/insufficient-funds-error.ts'
import type { Thrower, ThrownName } from '../fixtures/services/thrower.ts'

registerError(InsufficientFundsError)

const thrower = { name: 'thrower', module: fixture('thrower.ts') }

/** What a thread can't do at all, a process can, and fails to: both are errors of the platform. */
const SYSTEM = {
  thread: [TypeError, { code: 'ERR_WORKER_UNSUPPORTED_OPERATION' }],
  process: [Error, { code: 'ENOENT' }],
} as const

describe.each(KINDS)('in a %s:', (kind) => {
  /** What a call rejects with, thrown by a plain method and by an asynchronous one. */
  async function thrownBy(pool: Pool, name: ThrownName): Promise<unknown[]> {
    const { proxy } = await (await placeOf(pool, kind)).spawn<Thrower>(thrower)
    const outcomes = await Promise.allSettled([proxy.raise(name), proxy.raiseLater(name)])
    return outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : 'nothing was thrown'))
  }

  describe('an error of a method', () => {
    it.each<readonly [ThrownName, ErrorConstructor, object]>([
      ['Error', Error, { name: 'Error', message: 'plain', cause: 'a text' }],
      ['TypeError', TypeError, { name: 'TypeError', message: 'of type' }],
      ['RangeError', RangeError, { name: 'RangeError', message: 'of range' }],
      ['SyntaxError', SyntaxError, { name: 'SyntaxError', message: 'of syntax' }],
      ['ReferenceError', ReferenceError, { name: 'ReferenceError', message: 'of reference' }],
      ['EvalError', EvalError, { name: 'EvalError', message: 'of eval' }],
      ['URIError', URIError, { name: 'URIError', message: 'of uri' }],
      ['system', ...SYSTEM[kind]],
      ['foreign', RangeError, { name: 'RangeError', message: 'of another realm', code: 'E_FOREIGN' }],
      ['frozenError', RangeError, { message: 'of ice' }],
      ['proxiedError', RangeError, { name: 'RangeError', message: 'behind a proxy', code: 'E_PROXIED' }],
      ['hostileError', RangeError, { name: 'RangeError', message: '' }],
    ])('keeps its class, name, message, code and cause: %s', async (name, type, expected) => {
      await using pool = new Pool()
      for (const error of await thrownBy(pool, name)) {
        expect(error).toMatchObject(expected)
        expect(Object.getPrototypeOf(error)).toBe(type.prototype)
        expect(types.isNativeError(error)).toBe(true)
      }
    })

    it('of Troupe’s own classes is one of them here', async () => {
      await using pool = new Pool()
      for (const error of await thrownBy(pool, 'troupe')) {
        expect(error).toBeInstanceOf(BadOptionsError)
        expect(error).toBeInstanceOf(TroupeError)
        expect(error).toMatchObject({ name: 'BadOptionsError', code: 'ERR_TROUPE_BAD_OPTIONS', message: 'of options' })
      }
    })

    it('of a registered class is of that class, its causes too', async () => {
      await using pool = new Pool()
      for (const error of await thrownBy(pool, 'registered')) {
        expect(error).toBeInstanceOf(InsufficientFundsError)
        expect(error).toMatchObject({ message: '12 short', code: 'E_FUNDS', missing: 12 })
        expect((error as Error).cause).toBeInstanceOf(InsufficientFundsError)
        expect((error as Error).cause).toMatchObject({ message: '7 short', missing: 7 })
      }
    })

    it('of an unregistered class is of the nearest class that is known, with its own name and code', async () => {
      await using pool = new Pool()
      for (const error of await thrownBy(pool, 'unregistered')) {
        expect(Object.getPrototypeOf(error)).toBe(TypeError.prototype)
        expect(error).toMatchObject({ name: 'UnknownToTheOwnerError', code: 'E_UNKNOWN' })
      }
    })

    it('keeps its own fields, errors among them, and drops functions', async () => {
      await using pool = new Pool()
      for (const error of (await thrownBy(pool, 'fields')) as object[]) {
        expect({ ...error }).toEqual({
          code: 'E_FIELDS',
          status: 503,
          at: new Date(0),
          tags: new Set(['a']),
          inner: expect.objectContaining({ code: 'E_NESTED' }),
          mark: 'Symbol(mark)',
        })
        expect((error as { inner: unknown }).inner).toBeInstanceOf(TypeError)
      }
    })

    it('keeps the chain of its causes', async () => {
      await using pool = new Pool()
      for (const error of (await thrownBy(pool, 'chain')) as Error[]) {
        const middle = error.cause as Error
        expect(middle).toBeInstanceOf(TypeError)
        expect(middle).toMatchObject({ message: 'middle', code: 'E_MIDDLE' })
        expect(middle.cause).toBeInstanceOf(InsufficientFundsError)
        expect(Object.keys(error)).toEqual([])
      }
    })

    it('keeps the errors that it gathers', async () => {
      await using pool = new Pool()
      for (const error of (await thrownBy(pool, 'aggregate')) as AggregateError[]) {
        expect(error).toBeInstanceOf(AggregateError)
        expect(error.errors).toMatchObject([new TypeError('first'), 'second', { message: 'third', code: 'E_3' }])
      }
    })

    it('keeps a field `errors` that is no list', async () => {
      await using pool = new Pool()
      for (const error of await thrownBy(pool, 'errorsByName')) {
        expect(error).toMatchObject({ message: 'invalid', errors: { age: 'too young' } })
      }
    })

    it.each(['dom', 'domWithFields'] as const)('that is a DOMException stays one: %s', async (name) => {
      await using pool = new Pool()
      for (const error of await thrownBy(pool, name)) {
        expect(error).toBeInstanceOf(DOMException)
        expect(error).toMatchObject({ name: 'AbortError', message: 'was aborted', code: 20 })
        if (name === 'domWithFields') expect(error).toMatchObject({ by: 'the user' })
      }
    })

    it.each(['cyclic', 'labyrinth'] as const)('that leads back to itself is cut, and arrives: %s', async (name) => {
      await using pool = new Pool()
      for (const error of (await thrownBy(pool, name)) as Error[]) {
        expect(error.message).toBe(name === 'cyclic' ? 'its own cause' : 'everywhere')
        expect(error.cause).toBe('[circular]')
      }
    })

    it('with fields named like members of the language stays what it is', async () => {
      await using pool = new Pool()
      for (const error of (await thrownBy(pool, 'evilFields')) as RangeError[]) {
        expect(error).toBeInstanceOf(RangeError)
        expect(Object.getPrototypeOf(error)).toBe(RangeError.prototype)
        expect(error).not.toHaveProperty('polluted')
        expect(error.stack).toEqual(expect.any(String))
        expect(Object.prototype).not.toHaveProperty('polluted')
      }
    })
  })

  describe('what is thrown and is no error', () => {
    it.each<readonly [ThrownName, unknown]>([
      ['null', null],
      ['undefined', undefined],
      ['text', 'a text'],
      ['number', 0],
      ['frozen', { code: 'E_FROZEN' }],
      ['function', '[Function: thrown]'],
      ['revoked', '<Revoked Proxy>'],
      ['proxied', inspect(new Proxy({ code: 'E_PROXIED' }, {}))], // which Node 22 does not tell from its target
      ['hostileProxy', expect.stringContaining('never seen')],
      ['hostileObject', '{ message: [Getter] }'],
    ])('arrives as it is, or in print where it can’t be cloned: %s', async (name, expected) => {
      await using pool = new Pool()
      expect(await thrownBy(pool, name)).toEqual([expected, expected])
      expect(await pool.proxy<Thrower>('thrower').fine()).toBe('fine')
    })
  })
})

describe('registerError', () => {
  it.each([
    ['what is no class', 'Error'],
    ['a class that is no error', Map],
    ['another class of a name that is taken', { TypeError: class extends Error {} }.TypeError],
    ['another class of a registered name', class InsufficientFundsError extends Error {}],
  ])('throws BAD_OPTIONS for %s', (_, type) => {
    expect(() => registerError(type as never)).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }))
  })

  it('takes the same class twice', () => {
    expect(() => registerError(InsufficientFundsError, InsufficientFundsError)).not.toThrow()
  })
})
