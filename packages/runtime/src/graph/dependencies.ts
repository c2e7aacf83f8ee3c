/**
 * Services that depend on others, in the order in which they can come up: each after those that it depends on, and
 * independent ones side by side. They go down the other way round.
 */
import { BadOptionsError } from '@troupe/worker-host'
import { throwAll } from '@troupe/worker-host/owner'

export interface Dependent {
  readonly name: string
  /** Names of services that must be up before it. */
  readonly dependsOn: readonly string[]
}

/**
 * Those named and all that they depend on, each after what it depends on; among equals in the order given.
 *
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for a name that nobody has
 */
export function startOrder<T extends Dependent>(services: readonly T[], wanted: readonly string[]): readonly T[] {
  const byName = new Map(services.map((service) => [service.name, service]))
  const ordered = new Set<T>()
  const visit = (name: string, dependent: string | undefined): void => {
    const service = byName.get(name)
    if (service === undefined) throw unknownName(name, dependent, [...byName.keys()])
    if (ordered.has(service)) return
    for (const next of service.dependsOn) visit(next, name)
    ordered.add(service)
  }
  for (const name of wanted) visit(name, undefined)
  return [...ordered]
}

/**
 * So that there is an order at all.
 *
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, with the circle, when the service closes one among those known
 */
export function requireNoCircle(known: readonly Dependent[], added: Dependent): void {
  const byName = new Map([...known, added].map((service) => [service.name, service]))
  const seen = new Set<string>()
  const visit = (name: string, path: readonly string[]): void => {
    if (name === added.name && path.length > 0) throw circle([...path, name])
    if (seen.has(name)) return
    seen.add(name)
    for (const next of byName.get(name)?.dependsOn ?? []) visit(next, [...path, name])
  }
  visit(added.name, [])
}

/**
 * Does something to each service once it is done to all that this one depends on. One that fails keeps those that depend
 * on it from their turn; the others go on.
 *
 * @throws the first error, or all of them in an AggregateError, once nothing is under way any more
 */
export function eachAfterDependencies<T extends Dependent>(
  services: readonly T[],
  act: (service: T) => Promise<unknown>,
): Promise<void> {
  return eachAfter(services, act, ({ dependsOn }) => dependsOn)
}

/** The same the other way round: each after all that depend on it; and none is left out for the failure of another. */
export function eachAfterDependents<T extends Dependent>(
  services: readonly T[],
  act: (service: T) => Promise<unknown>,
): Promise<void> {
  const errors: unknown[] = []
  const dependents = ({ name }: T) =>
    services.filter(({ dependsOn }) => dependsOn.includes(name)).map((one) => one.name)
  const actAnyway = (service: T) => act(service).catch((error: unknown) => errors.push(error))
  return eachAfter(services, actAnyway, dependents).then(() => throwAll(errors, 'several services failed to stop'))
}

async function eachAfter<T extends Dependent>(
  services: readonly T[],
  act: (service: T) => Promise<unknown>,
  before: (service: T) => readonly string[],
): Promise<void> {
  const errors: unknown[] = []
  const turns = new Map(services.map(({ name }) => [name, Promise.withResolvers<boolean>()]))
  const take = async (service: T): Promise<void> => {
    const { resolve } = turns.get(service.name)!
    const done = await Promise.all(before(service).map((name) => turns.get(name)?.promise ?? true))
    if (!done.every(Boolean)) return resolve(false)
    await act(service).then(
      () => resolve(true),
      (error: unknown) => {
        errors.push(error)
        resolve(false)
      },
    )
  }
  await Promise.all(services.map(take))
  throwAll(errors, 'several services failed to start')
}

function circle(names: readonly string[]): BadOptionsError {
  return new BadOptionsError(
    `services depend on each other in a circle: ${names.map((name) => `"${name}"`).join(' → ')}`,
  )
}

function unknownName(name: string, dependent: string | undefined, known: readonly string[]): BadOptionsError {
  const who =
    dependent === undefined ? `no service "${name}"` : `service "${dependent}" depends on "${name}", which is not there`
  return new BadOptionsError(`${who}; there are: ${known.join(', ') || 'none'}`)
}
