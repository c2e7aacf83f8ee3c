/**
 * Errors as data. Structured clone drops an error's class, `code`, own fields and `AggregateError.errors`, so
 * whatever is thrown crosses threads as a plain record and is rebuilt on the other side.
 *
 * Encoding never throws: a value with hostile getters, a revoked Proxy or an endless `cause` chain gives a record too.
 */
import { inspect, types } from 'node:util'
import { attempt } from './attempt.ts'
import { errorClass } from './registry.ts'

/** Anything that can be thrown, ready for `postMessage`. */
export type ThrownData = ErrorData | { readonly kind: 'value'; readonly value: unknown }

interface ErrorData {
  readonly kind: 'error'
  /** The nearest class first: the receiver rebuilds the first one that it knows. */
  readonly classes: readonly string[]
  readonly name: string
  readonly message: string
  readonly stack: string
  readonly fields: readonly (readonly [key: string, value: ThrownData])[]
  readonly cause?: ThrownData
  readonly errors?: readonly ThrownData[]
}

/** A chain longer than this is cut; nobody reads the rest. */
const MAX_DEPTH = 16
/** So is what branches: where each error names the next one twice, the depth alone would end at 2 ** 16. */
const MAX_ERRORS = 1_000
const STANDARD_KEYS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', '__proto__'])

export const encodeThrown = (thrown: unknown): ThrownData => encode(thrown, [], { left: MAX_ERRORS })

/** @param above the errors that led here */
function encode(thrown: unknown, above: readonly Error[], budget: { left: number }): ThrownData {
  if (!isError(thrown)) return { kind: 'value', value: copyable(thrown) }
  if (above.includes(thrown)) return { kind: 'value', value: '[circular]' }
  if (above.length >= MAX_DEPTH) return { kind: 'value', value: `cut off: more than ${MAX_DEPTH} errors deep` }
  if (budget.left-- <= 0) return { kind: 'value', value: `cut off: more than ${MAX_ERRORS} errors` }
  const path = [...above, thrown]
  const next = (inner: unknown): ThrownData => encode(inner, path, budget)
  const name = text(() => thrown.name, 'Error')
  const message = text(() => thrown.message, '')
  const cause = attempt(() => (Object.hasOwn(thrown, 'cause') ? { value: thrown.cause } : undefined))
  const errors = attempt(() => listOf((thrown as { errors?: unknown }).errors))
  const fields: [string, ThrownData][] = []
  for (const key of ownKeys(thrown)) {
    if (STANDARD_KEYS.has(key) || (key === 'errors' && errors)) continue
    const value = attempt(() => (thrown as unknown as Record<string, unknown>)[key])
    if (typeof value !== 'function') fields.push([key, next(value)])
  }
  return {
    kind: 'error',
    classes: classNames(thrown),
    name,
    message,
    stack: text(() => thrown.stack, `${name}: ${message}`),
    fields,
    ...(cause && { cause: next(cause.value) }),
    ...(errors && { errors: errors.map(next) }),
  }
}

/**
 * Rebuilds what was thrown in the other thread.
 *
 * @param callerFrames lines of a stack, joined below the remote frames: the method's frames come first, then the caller's
 */
export function decodeThrown(data: ThrownData, callerFrames = ''): unknown {
  if (data.kind === 'value') return data.value
  const isDom = data.classes[0] === 'DOMException'
  const error = isDom ? new DOMException(data.message, data.name) : rebuilt(data)
  hide(error, 'stack', data.stack + callerFrames)
  if (data.cause) hide(error, 'cause', decodeThrown(data.cause))
  const errors = data.errors?.map((inner) => decodeThrown(inner))
  if (errors) hide(error, 'errors', errors)
  for (const [key, value] of data.fields) {
    if (STANDARD_KEYS.has(key)) continue // a peer may send any key; none may reach the prototype or the stack
    Object.defineProperty(error, key, {
      value: decodeThrown(value),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return error
}

/** The same of what is only told beside: where that is malformed there is none. */
export function reasonOf(data: unknown): unknown {
  try {
    return decodeThrown(data as ThrownData)
  } catch {
    return undefined
  }
}

function rebuilt({ message, name, classes }: ErrorData): Error {
  // Made by `new Error`, so that it is a real error to `Error.isError`, `util.inspect` and debuggers.
  const error = new Error(message)
  const type = classes.map(errorClass).find((known) => known !== undefined) ?? Error
  Object.setPrototypeOf(error, type.prototype)
  if (text(() => error.name, '') !== name) hide(error, 'name', name)
  return error
}

function hide(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: false, writable: true, configurable: true })
}

/** True for errors of every realm; a revoked or throwing Proxy is just a value. */
function isError(thrown: unknown): thrown is Error {
  return attempt(() => thrown instanceof Error || types.isNativeError(thrown)) === true
}

const listOf = (value: unknown): unknown[] | undefined => (Array.isArray(value) ? [...value] : undefined)

function classNames(error: Error): string[] {
  const names: string[] = []
  let prototype = attempt(() => Object.getPrototypeOf(error)) as object | null | undefined
  while (prototype && names.length < MAX_DEPTH) {
    const current = prototype
    const name = attempt(() => (current.constructor as { name?: unknown }).name)
    if (typeof name === 'string' && name !== 'Object') names.push(name)
    prototype = attempt(() => Object.getPrototypeOf(current)) as object | null | undefined
  }
  return names
}

const ownKeys = (error: Error): string[] => attempt(() => Object.keys(error)) ?? []

const text = (read: () => unknown, fallback: string): string => {
  const value = attempt(read)
  return typeof value === 'string' ? value : fallback
}

/** The value itself where it can be cloned, else its printed form: better a description than a lost error. */
function copyable(value: unknown): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol'))
    return value
  // Of a Buffer no more than its own bytes: a clone has all of the memory that Node has cut it out of.
  const copy = attempt(() => ({ value: structuredClone(value instanceof Uint8Array ? new Uint8Array(value) : value) }))
  return copy ? copy.value : (attempt(() => inspect(value, { depth: 1 })) ?? 'a value that can’t be inspected')
}
