/**
 * A picture of the services at one moment, as plain data: contexts, the services in them, and how they hang together.
 * `toDot` and `toMermaid` draw it.
 */
import type { ContextId, ServiceState } from '@troupe/worker-host'

/** A place where services live. */
export interface ContextNode {
  readonly kind: 'context'
  /** `context:root/views` */
  readonly id: string
  /** Its place in the tree: `root/views`. */
  readonly context: ContextId
  readonly runsIn: 'thread' | 'process'
  /** It has a thread, or a process, now. */
  readonly isAlive: boolean
  /** False: there is a pool in it, which has not answered in time, so what lives below it is not in the picture. */
  readonly isComplete: boolean
}

export interface ServiceNode {
  readonly kind: 'service'
  /** `service:root/views` */
  readonly id: string
  readonly name: string
  /** Where it is in the pools, as `pool.proxy` takes it: `root/views`. */
  readonly path: string
  /** The context that it lives in. */
  readonly context: ContextId
  readonly state: ServiceState
  /** Objects that have lived under its name. */
  readonly generation: number
  /** Threads that it has now. */
  readonly threads: number
}

export type GraphNode = ContextNode | ServiceNode

/**
 * `in`: the service lives in the context. `below`: the context is one level below the other. `dependsOn`: the service must
 * be up after the other. `startedBy`: the service was added by the other, as a child or by its `this.context`.
 */
export type EdgeKind = 'in' | 'below' | 'dependsOn' | 'startedBy'

export interface GraphEdge {
  readonly kind: EdgeKind
  /** The `id` of a node. */
  readonly from: string
  readonly to: string
}

/** Nodes in the order of their ids; edges in that of kind, from, to; every edge between two of the nodes. */
export interface ServiceGraph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

export const contextNodeId = (context: ContextId): string => `context:${context}`
export const serviceNodeId = (path: string): string => `service:${path}`

/** Several pictures as one, in order. Where two show the same node, the first counts: it is the one from above. */
export function joined(parts: readonly ServiceGraph[]): ServiceGraph {
  const nodes = new Map<string, GraphNode>()
  for (const node of parts.flatMap((part) => part.nodes)) if (!nodes.has(node.id)) nodes.set(node.id, node)
  const edges = new Map(parts.flatMap((part) => part.edges).map((edge) => [keyOf(edge), edge]))
  return { nodes: inOrder(nodes), edges: inOrder(edges) }
}

/** Without the edges that lead out of it: to services that are gone, or that have not been added yet. */
export function closed({ nodes, edges }: ServiceGraph): ServiceGraph {
  const ids = new Set(nodes.map(({ id }) => id))
  return { nodes, edges: edges.filter(({ from, to }) => ids.has(from) && ids.has(to)) }
}

/** No name has a NUL. */
const keyOf = ({ kind, from, to }: GraphEdge): string => [kind, from, to].join('\0')

function inOrder<T>(values: ReadonlyMap<string, T>): readonly T[] {
  return [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}
