/**
 * The services as a tree, each below those that depend on it:
 *
 *     web RUNNING
 *     ├─ user-cache RUNNING
 *     │  └─ page-views RUNNING
 *     └─ live RUNNING
 */
export interface Drawn {
  readonly name: string
  readonly state: string
  readonly dependsOn: readonly string[]
}

/** One line for each; a service that several depend on is drawn below each of them. */
export function drawing(services: readonly Drawn[]): string {
  const byName = new Map(services.map((service) => [service.name, service]))
  const below = ({ dependsOn }: Drawn, indent: string): string[] =>
    dependsOn.flatMap((name, index) => {
      const isLast = index === dependsOn.length - 1
      const service = byName.get(name)!
      return [
        `${indent}${isLast ? '└─' : '├─'} ${label(service)}`,
        ...below(service, indent + (isLast ? '   ' : '│  ')),
      ]
    })
  const needed = new Set(services.flatMap(({ dependsOn }) => dependsOn))
  const tops = services.filter(({ name }) => !needed.has(name))
  return tops.flatMap((service) => [label(service), ...below(service, '')]).join('\n')
}

const label = ({ name, state }: Drawn): string => `${name} ${state}`
