/** A thread's entry: loads `thread-host.ts` from the compile cache, which has to be there before. */
import { useCompileCache } from './host/compile-cache.ts'
import type { HostTask } from './thread-host.ts'

export type { HostTask } from './thread-host.ts'

useCompileCache()
const loading = import('./thread-host.ts')

let readied: Promise<void> | undefined

/** Does what the thread's first service would wait for, once. */
export function warm(): Promise<void> {
  readied ??= loading.then(({ getReady }) => getReady())
  return readied
}

/** Occupies the thread with one context, for as long as that lives. */
export async function host(task: HostTask): Promise<never> {
  const { host } = await loading
  return host(task)
}
