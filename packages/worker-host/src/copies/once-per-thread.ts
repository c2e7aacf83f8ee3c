/**
 * What a thread has but once. On globalThis: two copies of this package in one thread (the host's and the author's) must
 * share it.
 *
 * @param make makes it, for the first copy that asks
 */
export function oncePerThread<T>(name: string, make: () => T): T {
  const key = Symbol.for(`@troupe/worker-host:${name}`)
  const shared = globalThis as { [key]?: T }
  shared[key] ??= make()
  return shared[key]
}
