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

/** @param call as it is sent */
export function extrasOf(
  { request: { carried }, deadlineMs, sentAtMs }: Pick<Call, 'request' | 'deadlineMs' | 'sentAtMs'>,
  { readsCalls, stores }: ScopeReader,
): SentExtras | undefined {
  if (!readsCalls && carried === undefined) return undefined
  const hasBudget = readsCalls && deadlineMs !== Number.POSITIVE_INFINITY
  // Whole, which is the shorter on the wire, and never more than is left: what a call makes ends no later than itself.
  const budgetMs = Math.floor(deadlineMs - sentAtMs)
  const trace = readsCalls ? carried?.trace : undefined
  const known = carried?.stores === undefined ? [] : stores.filter((name) => Object.hasOwn(carried.stores!, name))
  if (trace === undefined && known.length === 0) return hasBudget ? budgetMs : undefined
  return {
    ...(hasBudget && { budgetMs }),
    ...(trace && { trace }),
    ...(known.length > 0 && { stores: Object.fromEntries(known.map((name) => [name, carried!.stores![name]])) }),
  }
}
