/** What is wrong with a supervision, if it is. */
import { messageOf } from '@troupe/worker-host'
import type { RestartType, Supervision } from './restart-limit.ts'

const RESTART_TYPES: readonly unknown[] = ['permanent', 'transient', 'temporary'] satisfies RestartType[]
const KNOWN = ['restart', 'maxRestarts', 'withinMs']

export function* supervisionProblems(supervision: unknown): Generator<string> {
  if (supervision === undefined) return
  if (typeof supervision !== 'object' || supervision === null || Array.isArray(supervision)) {
    yield `"supervision" must be an object such as { restart: 'permanent' }, found ${messageOf(supervision)}`
    return
  }
  for (const name of Object.keys(supervision)) {
    if (!KNOWN.includes(name)) yield `unknown "${name}" in "supervision", known: ${KNOWN.join(', ')}`
  }
  const { restart = 'temporary', maxRestarts = 3, withinMs = 5_000 } = supervision as Supervision
  if (!RESTART_TYPES.includes(restart)) {
    yield `"restart" must be one of ${RESTART_TYPES.join(', ')}, found ${messageOf(restart)}`
  }
  if (!Number.isInteger(maxRestarts) || maxRestarts < 0) {
    yield `"maxRestarts" must be a whole number from 0, found ${messageOf(maxRestarts)}`
  }
  if (typeof withinMs !== 'number' || !(withinMs > 0)) {
    yield `"withinMs" must be a number of milliseconds above 0, found ${messageOf(withinMs)}`
  }
}
