/**
 * How Comlink's markers are seen on a value: `proxy()` puts a symbol on it, and a codec in `transferHandlers` says for
 * itself what it handles. (What `transfer()` says is kept by Comlink alone; see `values/moved.ts`.)
 *
 * Read for each object of each call: a property that isn't there, and the size of a map.
 */
import { proxyMarker, type TransferHandler, transferHandlers } from 'comlink'

/** Comlink's own two handlers, which it can't do without: marked values and errors cross in ways of ours. */
const COMLINKS_OWN: ReadonlySet<string> = new Set(['proxy', 'throw'])

export interface Codec {
  readonly name: string
  readonly handler: TransferHandler<unknown, unknown>
}

/** The first codec that handles the value, in the order they were registered. */
export function codecOf(value: unknown): Codec | undefined {
  if (transferHandlers.size <= COMLINKS_OWN.size) return undefined
  for (const [name, handler] of transferHandlers) {
    if (!COMLINKS_OWN.has(name) && handler.canHandle(value)) return { name, handler }
  }
  return undefined
}

export function codecNamed(name: string): Codec | undefined {
  const handler = COMLINKS_OWN.has(name) ? undefined : transferHandlers.get(name)
  return handler && { name, handler }
}

/** Marked by `proxy()`: it stays where it is. */
export const isProxied = (value: object): boolean => (value as { [proxyMarker]?: unknown })[proxyMarker] !== undefined

/** Structured clone would not carry it as it is meant, though it looks like a plain object. */
export const isMarked = (value: object): boolean =>
  isProxied(value) || Symbol.asyncIterator in value || codecOf(value) !== undefined
