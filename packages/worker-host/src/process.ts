/** A process's entry: loads `process-host.ts` from the compile cache, which has to be there before. */
import { useCompileCache } from './host/compile-cache.ts'
import type { ProcessTask } from './process-host.ts'

export type { ProcessTask } from './process-host.ts'

useCompileCache()
const loading = import('./process-host.ts')

/** Makes the process one context, for as long as that lives. */
export async function host(task: ProcessTask): Promise<never> {
  const { host } = await loading
  return host(task)
}
