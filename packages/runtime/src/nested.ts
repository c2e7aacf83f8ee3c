/** What a context's host loads once its services call others, or there are contexts below it: a pool of its own. */
import type { Home, NestedPool } from '@troupe/worker-host/owner'
import { Pool } from './pool/pool.ts'

export function openNestedPool({
  id,
  parent,
  timeoutMs,
  modules,
  threads,
  addHost,
  crash,
  tellRefused,
}: Home): NestedPool {
  return new Pool(
    { timeoutMs, ...(modules && { modules }), ...(threads && { threads }) },
    { id, parent, thread: { addHost, crash }, tellRefused },
  )
}
