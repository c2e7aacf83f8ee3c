/** What a pool knows of its contexts and services, with what the pools below have told: its part of the picture. */
import type { ContextId } from '@troupe/worker-host'
import type { CallRequest } from '../calls/call.ts'
import type { Place } from '../contexts/place.ts'
import {
  contextNodeId,
  type GraphEdge,
  type GraphNode,
  joined,
  type ServiceGraph,
  serviceNodeId,
} from '../graph/service-graph.ts'
import type { ServiceHandle } from '../services/service-handle.ts'
import { question } from './pool-service.ts'

export interface GraphOptions {
  /**
   * Longest time that the contexts are waited for; one that does not answer, as its thread is blocked, is not complete.
   * @unit milliseconds @defaultValue 1_000
   */
  readonly timeoutMs?: number
}

export interface PoolView {
  readonly id: ContextId
  readonly services: readonly ServiceHandle[]
  /** Where they live, and contexts that nobody lives in. */
  readonly places: readonly Place[]
  /** What the pool may take to answer. @unit milliseconds */
  readonly limitMs: number
  /** Asks the pool in the context of that name; undefined while there is none. */
  readonly askBelow: (name: string, request: CallRequest) => Promise<unknown> | undefined
}

/** The part of its own time that a pool passes on: so it can still answer when one of those below doesn't. */
const SHARE_BELOW = 0.5

/** Never rejects: a pool below that does not answer makes its context incomplete. */
export async function graphOf({ id, services, places, limitMs, askBelow }: PoolView): Promise<ServiceGraph> {
  const request = { ...question(id, 'graph', limitMs * SHARE_BELOW), timeoutMs: limitMs }
  const below = (name: string) => askBelow(name, request)
  const contexts = new Map(places.filter((place) => place.id !== id).map((place) => [place.id, place]))
  const home = {
    kind: 'context',
    id: contextNodeId(id),
    context: id,
    runsIn: 'thread',
    isAlive: true,
    isComplete: true,
  } as const
  const own = {
    nodes: [home, ...services.map((one) => nodeOf(one, id))],
    edges: services.flatMap((one) => edgesOf(one, id)),
  }
  const parts = [...contexts.values()].map((place) => contextBelow(place, id, below))
  return joined([own, ...(await Promise.all(parts))])
}

async function contextBelow(
  place: Place,
  above: ContextId,
  below: (name: string) => Promise<unknown> | undefined,
): Promise<ServiceGraph> {
  const { id: context, kind: runsIn } = place
  const name = context.slice(above.length + 1)
  const subtree = await below(name)?.then(
    (graph) => graph as ServiceGraph,
    () => 'unanswered' as const,
  )
  const isAlive = place.thread !== undefined
  const isComplete = subtree !== 'unanswered' || !isAlive
  const id = contextNodeId(context)
  const own: ServiceGraph = {
    nodes: [{ kind: 'context', id, context, runsIn, isAlive, isComplete }],
    edges: [{ kind: 'below', from: id, to: contextNodeId(above) }],
  }
  return subtree === undefined || subtree === 'unanswered' ? own : joined([own, subtree])
}

function nodeOf(service: ServiceHandle, pool: ContextId): GraphNode {
  const { name, context, state, generation } = service
  const path = `${pool}/${name}`
  const { threads } = service.stats()
  return { kind: 'service', id: serviceNodeId(path), name, path, context, state, generation, threads }
}

function edgesOf({ name, context, dependsOn, startedBy }: ServiceHandle, pool: ContextId): readonly GraphEdge[] {
  const from = serviceNodeId(`${pool}/${name}`)
  return [
    { kind: 'in', from, to: contextNodeId(context) },
    ...dependsOn.map((one) => ({ kind: 'dependsOn', from, to: serviceNodeId(`${pool}/${one}`) }) as const),
    ...(startedBy === undefined ? [] : [{ kind: 'startedBy', from, to: serviceNodeId(startedBy) } as const]),
  ]
}
