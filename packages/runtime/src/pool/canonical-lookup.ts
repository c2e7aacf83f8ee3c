/** The service that a canonical name stands for, among those of a pool that were given other names. */
import type { ContextId } from '@troupe/worker-host'
import type { Activator } from '../activation/activator.ts'
import type { ServiceHandle } from '../services/service-handle.ts'

/**
 * @param name perhaps with the name of one of the pool's contexts before it: `images/resize#Resize`
 * @param home the context of the pool
 * @returns the first that was added; undefined for a name that is not canonical
 */
export function byCanonicalName(
  name: string,
  home: ContextId,
  services: Iterable<ServiceHandle>,
  activator: Activator,
): ServiceHandle | undefined {
  const end = name.indexOf('/')
  const canonical = name.slice(end + 1)
  if (activator.exportOf(canonical) === undefined) return undefined
  const context = end < 0 ? undefined : `${home}/${name.slice(0, end)}`
  for (const handle of services) {
    const { module, exportName } = handle
    if (exportName === undefined || (context !== undefined && handle.context !== context)) continue
    if (activator.nameOf(module, exportName) === canonical) return handle
  }
  return undefined
}
