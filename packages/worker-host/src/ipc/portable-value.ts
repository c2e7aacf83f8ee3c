/**
 * What can go from one process to another, and how: as V8's serializer writes it, which is what structured clone does
 * between threads, too.
 *
 * Node's own channel would not do: of a port, a Blob or a URL it makes an empty object, of several views of one buffer
 * several buffers, and a WebAssembly.Module ends the process that receives it. So a value is looked through before it is
 * written, and what can't be itself on the other side is refused.
 */
import { types } from 'node:util'
import { Deserializer, Serializer } from 'node:v8'

/** @throws {TypeError} for what can't leave its process */
export function serialize(value: unknown): Uint8Array {
  requirePortable(value)
  const serializer = new Serializer()
  serializer.writeHeader()
  serializer.writeValue(value)
  return serializer.releaseBuffer()
}

/** @throws when it is nothing that `serialize` has written */
export function deserialize(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes)
  deserializer.readHeader()
  return deserializer.readValue()
}

export function isPortable(value: unknown): boolean {
  try {
    serialize(value)
    return true
  } catch {
    return false
  }
}

/** Functions, symbols, promises and the like are left to the serializer, which refuses them. */
function requirePortable(root: unknown): void {
  if (!isObject(root)) return
  const met = new Set<object>([root])
  // Grows while it is gone through; a recursion would end at the stack's.
  for (const value of met) {
    for (const part of partsOf(value)) if (isObject(part)) met.add(part)
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

function partsOf(value: object): Iterable<unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value)) return Object.values(value) // of its holes there can be billions
  if (prototype === Object.prototype || prototype === null) return Object.values(value)
  if (types.isMap(value)) return [...value.keys(), ...value.values()]
  if (types.isSet(value)) return value
  if (ArrayBuffer.isView(value)) return [value.buffer]
  if (types.isSharedArrayBuffer(value)) refuse(value)
  if (types.isAnyArrayBuffer(value) || types.isDate(value) || types.isRegExp(value)) return []
  if (types.isBoxedPrimitive(value) || types.isNativeError(value))
    return value instanceof DOMException ? refuse(value) : []
  return partsOfInstance(value)
}

/** Of an object of a program's class a plain one is made; one of the platform's stays itself, or can't be cloned at all. */
function partsOfInstance(value: object): Iterable<unknown> {
  const isPlainCopy = Object.getPrototypeOf(structuredClone(value)) === Object.prototype
  return isPlainCopy ? Object.values(value) : refuse(value)
}

function refuse(value: object): never {
  throw new TypeError(`a ${value.constructor.name} can't leave its process`)
}
