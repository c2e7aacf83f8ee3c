/**
 * What is to be moved with a value, not copied. `transfer` is called as Comlink's is, but Comlink can be asked what it knows
 * only by way of a call, and keeps what it was told for as long as the value lives: with one buffer after another on its
 * way, its list grew faster than it was collected.
 */
import type { Transferable } from 'node:worker_threads'

// On globalThis, because two copies of this package in one thread (the host's and the author's) must share it.
const REGISTRY = Symbol.for('@troupe/worker-host:transfers')
const shared = globalThis as { [REGISTRY]?: WeakMap<object, readonly Transferable[]> }
shared[REGISTRY] ??= new WeakMap()
const noted = shared[REGISTRY]

/** Memory is what most views call it, which may be shared, and streams are the global ones, which Node's type is not. */
type Movable = Transferable | ArrayBufferLike | ReadableStream | WritableStream | TransformStream

/**
 * Has what is named moved with the value, not copied, once the value is sent by Troupe. To a client of Comlink's own, such
 * as one of `handle.endpoint()`, values are given with the `transfer` of `comlink`.
 */
export function transfer<T>(value: T, transferables: readonly Movable[]): T {
  noted.set(value as object, transferables as readonly Transferable[])
  return value
}

/** What is moved with the value; undefined when it was not said by `transfer` above, or has been moved. */
export const notedOf = (value: object): readonly Transferable[] | undefined => noted.get(value)

/** It has been moved: a long list of what has been would burden the collector. */
export const forgetNoted = (value: object): void => void noted.delete(value)
