/**
 * A value's copy as of now, where that is cheap.
 *
 * A batch is cloned when it is posted, at the end of the turn, but a caller may change an object right after the call,
 * and a method right after returning it. So each value is fixed when it is handed over: primitives are as they are,
 * small trees of plain objects and arrays are copied here, and anything else is `LIVE`: its batch must be posted at
 * once. This also keeps two calls that were given the same object from sharing it on the other side.
 *
 * Bytes are copied while they are few. Of a small Buffer that is less than a clone would carry: Node cuts many out of one
 * memory, of 64 KiB in Node 26, all of which went along, with what other Buffers have in it.
 */
import { isMarkedAsUntransferable } from 'node:worker_threads'
import { isMarked } from './markers.ts'
import { notedOf } from './moved-notes.ts'

export const LIVE: unique symbol = Symbol('live')

/** Past these sizes a `postMessage` of its own is no dearer than the walk. */
const MAX_OBJECTS = 8
const MAX_FIELDS = 32
const MAX_BYTES = 4_096

/** No holes and no names. Keys that are indices come first, so where the last one is an index, all of them are. */
function isDense(value: readonly unknown[]): boolean {
  const keys = Object.keys(value)
  return keys.length === value.length && (keys.length === 0 || keys[keys.length - 1] === String(keys.length - 1))
}

export function isPrimitive(value: unknown): boolean {
  const type = typeof value
  return value === null || (type !== 'object' && type !== 'function' && type !== 'symbol')
}

/** A getter that throws makes a value `LIVE`: the clone then meets the same error, and it is told from there. */
export function snapshotOf(value: unknown): unknown {
  try {
    return copyOf(value, [])
  } catch {
    return LIVE
  }
}

/**
 * @param seen the objects copied so far for this call, empty at its start: one that is met again must stay one object
 *   on the other side, and so must a cycle, which only a clone of the whole can do
 */
function copyOf(value: unknown, seen: object[]): unknown {
  if (isPrimitive(value)) return value
  if (typeof value !== 'object' || seen.length >= MAX_OBJECTS || seen.includes(value as object)) return LIVE
  if (isMarked(value as object) || notedOf(value as object) !== undefined) return LIVE
  seen.push(value as object)
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return copyObject(value as Record<string, unknown>, seen)
  if (prototype === Array.prototype) return copyArray(value as unknown[], seen)
  if (prototype === Uint8Array.prototype || prototype === Buffer.prototype) return copyBytes(value as Uint8Array, seen)
  return LIVE
}

function copyObject(value: Record<string, unknown>, seen: object[]): unknown {
  const keys = Object.keys(value)
  if (keys.length > MAX_FIELDS) return LIVE
  const twin: Record<string, unknown> = {}
  for (const key of keys) {
    if (key === '__proto__') return LIVE // assigning it would set the twin's prototype
    const field = copyOf(value[key], seen)
    if (field === LIVE) return LIVE
    twin[key] = field
  }
  return twin
}

function copyArray(value: unknown[], seen: object[]): unknown {
  if (value.length > MAX_FIELDS || !isDense(value)) return LIVE
  const twin: unknown[] = []
  for (const element of value) {
    const field = copyOf(element, seen)
    if (field === LIVE) return LIVE
    twin.push(field)
  }
  return twin
}

/** Two views of one memory stay views of one memory on the other side, which only a clone of both can do. */
function copyBytes(view: Uint8Array, seen: object[]): unknown {
  if (isOfPool(view)) return new Uint8Array(view)
  const { buffer, byteLength } = view
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && !buffer.resizable
  if (!isWhole || byteLength > MAX_BYTES || seen.includes(buffer)) return LIVE
  seen.push(buffer)
  return new Uint8Array(view)
}

/** Whether it is a part of the memory that Node cuts small Buffers out of, which nobody else should be sent. */
export function isOfPool(value: unknown): boolean {
  if (!(value instanceof Uint8Array) || value.byteLength >= Buffer.poolSize) return false
  const { buffer } = value
  return buffer instanceof ArrayBuffer && buffer.byteLength > value.byteLength && isMarkedAsUntransferable(buffer)
}
