/** What of a call's surroundings is sent with it: no more than its thread has a use for. */
import type { SentExtras } from '@troupe/worker-host/owner'
import type { Call } from './call.ts'

/** What a thread has said of itself. */
export interface ScopeReader {
  /** Its class reads its calls, so it is told how long they have, and of their traces. */
  readonly readsCalls: boolean
  /** The stores that are registered there. */
  readonly stores: readonly string[]
}

/** A call as it is sent. */
type SentCall = Pick<Call, 'terms' | 'deadlineMs'>

/** For the thread of the service itself. */
export function extrasOf(call: SentCall, nowMs: number, { readsCalls, stores }: ScopeReader): SentExtras | undefined {
  const { carried } = call.terms
  if (!readsCalls && carried === undefined) return undefined
  const budgetMs = readsCalls ? budgetOf(call, nowMs) : undefined
  const trace = readsCalls ? carried?.trace : undefined
  const known = carried?.stores === undefined ? [] : stores.filter((name) => Object.hasOwn(carried.stores!, name))
  if (trace === undefined && known.length === 0) return budgetMs
  return {
    ...(budgetMs !== undefined && { budgetMs }),
    ...(trace && { trace }),
    ...(known.length > 0 && { stores: Object.fromEntries(known.map((name) => [name, carried!.stores![name]])) }),
  }
}

/** For an owner that passes the call on, to a thread that may read any of it. */
export function allExtrasOf(call: SentCall, nowMs: number): SentExtras | undefined {
  const { carried } = call.terms
  const budgetMs = budgetOf(call, nowMs)
  if (carried === undefined) return budgetMs
  return { ...(budgetMs !== undefined && { budgetMs }), ...carried }
}

/** Whole, which is the shorter on the wire, and never more than is left: what a call makes ends no later than itself. */
const budgetOf = ({ deadlineMs }: SentCall, nowMs: number): number | undefined =>
  deadlineMs === Number.POSITIVE_INFINITY ? undefined : Math.floor(deadlineMs - nowMs)
