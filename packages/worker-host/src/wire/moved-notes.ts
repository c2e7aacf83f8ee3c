/** Which objects are to be moved with a value, not copied, as `transfer` has said. */
import type { Transferable } from 'node:worker_threads'
import { oncePerThread } from '../copies/once-per-thread.ts'

const noted = oncePerThread('transfers', () => new WeakMap<object, readonly Transferable[]>())

export const noteMoved = (value: object, transferables: readonly Transferable[]): void =>
  void noted.set(value, transferables)

/** Undefined when it was not noted, or has been moved. */
export const notedOf = (value: object): readonly Transferable[] | undefined => noted.get(value)

/** It has been moved: a long list of what has been would burden the collector. */
export const forgetNoted = (value: object): void => void noted.delete(value)
