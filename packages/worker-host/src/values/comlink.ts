/**
 * Comlink's markers, from the copy of Comlink that Troupe reads them with. A program that has the same copy, which is
 * what npm gives it unless versions differ, can as well import them from `comlink`.
 */
import type { Transferable } from 'node:worker_threads'
import { transfer as markForComlink, proxy } from 'comlink'

export { type ProxyMarked, proxy, type TransferHandler, transferHandlers } from 'comlink'

// On globalThis, because two copies of this package in one thread (the host's and the author's) must share it.
const REGISTRY = Symbol.for('@troupe/worker-host:transfers')
const shared = globalThis as { [REGISTRY]?: WeakMap<object, readonly Transferable[]> }
shared[REGISTRY] ??= new WeakMap()
const noted = shared[REGISTRY]

/**
 * Comlink's: has what is named moved with the value, not copied, once the value is sent. It is noted here too, because
 * Comlink can be asked what it knows only by way of a call.
 */
export const transfer: typeof markForComlink = (value, transferables) => {
  noted.set(value as object, transferables as Transferable[])
  return markForComlink(value, transferables)
}

/** What is moved with the value; undefined when it was not said by `transfer` above, or has been moved. */
export const notedOf = (value: object): readonly Transferable[] | undefined => noted.get(value)

/** It has been moved: a long list of what has been would burden the collector. */
export const forgetNoted = (value: object): void => void noted.delete(value)

const lastingOnes = new WeakSet<object>()

/**
 * Marks a function or an object as `proxy()` does, for longer than the call that it is an argument of: until the stub at
 * the other side is disposed of or collected, or the service's thread ends.
 */
export function lasting<T extends object>(target: T): ReturnType<typeof proxy<T>> {
  markLasting(target)
  return proxy(target)
}

export const markLasting = (target: object): void => void lastingOnes.add(target)

export const isLasting = (target: object): boolean => lastingOnes.has(target)
