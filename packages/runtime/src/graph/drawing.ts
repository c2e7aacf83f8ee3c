/** What is drawn of a graph, whatever the language: boxes in boxes, with keys that no language can misread. */
import { BadOptionsError, type ServiceState } from '@troupe/worker-host'
import { shown } from '@troupe/worker-host/owner'
import type { ContextNode, EdgeKind, GraphEdge, ServiceGraph, ServiceNode } from './service-graph.ts'

export interface Drawing {
  /** Each before those below it. */
  readonly contexts: readonly {
    readonly key: string
    readonly label: string
    /** The key of the context above; undefined for an uppermost one. */
    readonly parent: string | undefined
    readonly services: readonly { readonly key: string; readonly label: string; readonly state: ServiceState }[]
  }[]
  /** Between keys of services. Where they live the boxes say. */
  readonly edges: readonly { readonly kind: 'dependsOn' | 'startedBy'; readonly from: string; readonly to: string }[]
}

export const STATE_COLOURS: Readonly<Record<ServiceState, `#${string}`>> = {
  STOPPED: '#d9d9d9',
  PREPARING: '#fff3bf',
  PAUSED: '#ffe066',
  STARTING: '#d3f9d8',
  RUNNING: '#8ce99a',
  PAUSING: '#fff3bf',
  STOPPING: '#e9ecef',
  FAILED: '#ff8787',
}

export const EDGE_STYLES = {
  dependsOn: { label: 'depends on', dot: 'solid', mermaid: '-->' },
  startedBy: { label: 'started by', dot: 'dashed', mermaid: '-.->' },
} as const

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is no graph */
export function drawn(graph: ServiceGraph): Drawing {
  const { nodes, edges }: Partial<ServiceGraph> = graph ?? {}
  if (!Array.isArray(nodes) || !Array.isArray(edges)) {
    throw new BadOptionsError(`a drawing is made of what pool.graph() resolves with, found ${shown(graph)}`)
  }
  const keys = new Map(nodes.map(({ id }, index) => [id, `n${index}`]))
  const keyOf = (id: string): string => keys.get(id)!
  const targetOf = (kind: EdgeKind, id: string) => edges.find((edge) => edge.kind === kind && edge.from === id)?.to
  const services = nodes.filter((node) => node.kind === 'service')
  const contexts = nodes.filter((node) => node.kind === 'context')
  return {
    contexts: contexts.map((context) => {
      const above = targetOf('below', context.id)
      const inside = services.filter(({ id }) => targetOf('in', id) === context.id)
      return {
        key: keyOf(context.id),
        label: labelOfContext(context),
        parent: above === undefined ? undefined : keyOf(above),
        services: inside.map((one) => ({ key: keyOf(one.id), label: labelOfService(one), state: one.state })),
      }
    }),
    edges: edges.flatMap(({ kind, from, to }: GraphEdge) =>
      kind === 'dependsOn' || kind === 'startedBy' ? [{ kind, from: keyOf(from), to: keyOf(to) }] : [],
    ),
  }
}

function labelOfContext({ context, runsIn, isAlive, isComplete }: ContextNode): string {
  const signs = [runsIn, ...(isAlive ? [] : ['not there']), ...(isComplete ? [] : ['did not answer'])]
  return `${printable(context)} (${signs.join(', ')})`
}

function labelOfService({ name, state, generation, threads }: ServiceNode): string {
  const signs = [
    state,
    ...(generation > 1 ? [`life ${generation}`] : []),
    ...(threads > 1 ? [`${threads} threads`] : []),
  ]
  return `${printable(name)}\n${signs.join(', ')}`
}

/** Signs that no picture shows, as those that stand for them: a line feed as ␊. */
function printable(name: string): string {
  return name.toWellFormed().replace(/\p{Cc}/gu, (sign) => {
    const code = sign.codePointAt(0)!
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : '\u{fffd}'
  })
}
