/**
 * Node's cache of compiled code, for what a thread loads from then on: a third of the time to a first service's first
 * reply went into compiling the host.
 *
 * It lies where Node has it: in `NODE_COMPILE_CACHE`, else in the system's folder for temporary files. It is off where
 * Node has it off, by `NODE_DISABLE_COMPILE_CACHE=1`, and where coverage is taken, which it makes less exact.
 */
import { enableCompileCache } from 'node:module'

export function useCompileCache(): void {
  if (process.env.NODE_V8_COVERAGE === undefined) enableCompileCache() // where it can't be written there is none
}
