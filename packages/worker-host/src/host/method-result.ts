/** What a method has given: a value, a promise, or a stream. Anything can stand there, and reading it can throw. */

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  try {
    return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
  } catch {
    return false // a revoked Proxy: it is refused as a result that can't be cloned
  }
}

/** False for a `then` that throws when it is read: such a value can't be cloned either, and is refused as that. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false
  try {
    return typeof (value as { then?: unknown }).then === 'function'
  } catch {
    return false
  }
}
