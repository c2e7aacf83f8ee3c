/** What a context's host loads once its services call others, or there are contexts below it: a pool of its own. */
import type { Home, NestedPool } from '@troupe/worker-host/owner'
import { Pool } from './pool/pool.ts'

/** No spare: what lives in a context rarely grows by surprise, and each thread weighs some 8 MB. */
export function openNestedPool({ id, parent, timeoutMs, modules, addHost, crash, tellRefused }: Home): NestedPool {
  return new Pool(
    { keepSpare: false, timeoutMs, ...(modules && { modules }) },
    { id, parent, thread: { addHost, crash }, tellRefused },
  )
}
