/**
 * Comlink's markers, from the copy of Comlink that Troupe reads them with. A program that has the same copy, which is
 * what npm gives it unless versions differ, can as well import them from `comlink`. (`transfer` is Troupe's own.)
 */
import { proxy } from 'comlink'
import { BadOptionsError } from '../errors/catalogue.ts'
import { shown } from '../errors/require-options.ts'

export { type ProxyMarked, proxy, type TransferHandler, transferHandlers } from 'comlink'

const lastingOnes = new WeakSet<object>()

/**
 * Marks a function or an object as `proxy()` does, for longer than the call that it is an argument of: until the stub at
 * the other side is disposed of or collected, or the service's thread ends.
 *
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
 */
export function lasting<T extends object>(target: T): ReturnType<typeof proxy<T>> {
  if ((typeof target !== 'object' && typeof target !== 'function') || target === null)
    throw new BadOptionsError(`lasting needs a function or an object, found ${shown(target)}`)
  markLasting(target)
  return proxy(target)
}

export const markLasting = (target: object): void => void lastingOnes.add(target)

export const isLasting = (target: object): boolean => lastingOnes.has(target)
