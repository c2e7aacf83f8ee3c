/**
 * `transfer`, called as Comlink's is. Comlink can be asked what it knows only by way of a call, and keeps what it was told
 * for as long as the value lives: with one buffer after another on its way, its list grew faster than it was collected.
 */
import type { Transferable } from 'node:worker_threads'
import { BadOptionsError } from '../errors/catalogue.ts'
import { shown } from '../errors/require-options.ts'
import { noteMoved } from '../wire/moved-notes.ts'

/** Memory is what most views call it, which may be shared, and streams are the global ones, which Node's type is not. */
type Movable = Transferable | ArrayBufferLike | ReadableStream | WritableStream | TransformStream

/**
 * Has what is named moved with the value, not copied, once the value is sent by Troupe. To a client of Comlink's own, such
 * as one of `handle.endpoint()`, values are given with the `transfer` of `comlink`.
 *
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
 */
export function transfer<T>(value: T, transferables: readonly Movable[]): T {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
    throw new BadOptionsError(`transfer needs an object with which something is moved, found ${shown(value)}`)
  if (!Array.isArray(transferables))
    throw new BadOptionsError(`transfer needs a list of what is moved, found ${shown(transferables)}`)
  noteMoved(value, transferables as readonly Transferable[])
  return value
}
