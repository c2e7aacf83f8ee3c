/** Finds the service class in a module. */
import { BadOptionsError } from '../errors/catalogue.ts'
import { PLACEMENT, type Placement, Service } from '../service/service.ts'

export type ServiceClass = (new (
  options: unknown,
) => Service) & {
  readonly prototype: Service
  readonly readyOnCall: boolean
}

/**
 * @param exportName the class's export; without it the module must have one service class, or a default export
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS when there is none, or no telling which
 */
export async function loadService(moduleUrl: string, exportName: string | undefined): Promise<ServiceClass> {
  const exports = (await import(moduleUrl)) as Readonly<Record<string, unknown>>
  const found = Object.keys(exports).filter((name) => isServiceClass(exports[name]))
  const listed = found.length > 0 ? `its services: ${found.join(', ')}` : 'it exports no class that extends Service'
  if (exportName !== undefined) {
    if (found.includes(exportName)) return exports[exportName] as ServiceClass
    throw new BadOptionsError(`module "${moduleUrl}" exports no service "${exportName}", ${listed}`)
  }
  const classes = new Set(found.map((name) => exports[name]))
  if (classes.size === 1) return [...classes][0] as ServiceClass
  if (found.includes('default')) return exports.default as ServiceClass
  throw new BadOptionsError(`module "${moduleUrl}" needs one service class, or "exportName" to name it: ${listed}`)
}

/** By mark, not by `instanceof`: the author may have another copy of this package. */
function isServiceClass(value: unknown): boolean {
  if (typeof value !== 'function' || value === Service) return false
  for (let type: object | null = value; type !== null; type = Object.getPrototypeOf(type)) {
    if (Object.hasOwn(type, PLACEMENT)) return true
  }
  return false
}

/** The prototype at which the service's own surface ends: that of `Service` itself, whichever copy. */
export function baseOf(type: ServiceClass): { readonly constructor: unknown } {
  let at: object = type
  while (!Object.hasOwn(at, PLACEMENT)) at = Object.getPrototypeOf(at)
  return (at as ServiceClass).prototype
}

/** Makes the object, which knows its placement from its first field on. */
export function construct(type: ServiceClass, placement: Placement, options: unknown): Service {
  const base = baseOf(type).constructor as typeof Service
  base[PLACEMENT] = placement
  try {
    return new type(options)
  } finally {
    base[PLACEMENT] = undefined
  }
}
