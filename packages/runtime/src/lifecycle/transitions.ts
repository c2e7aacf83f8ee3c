/**
 * The life cycle as data:
 *
 *                prepare            start
 *     STOPPED ─PREPARING→ PAUSED ─STARTING→ RUNNING      any of them, on an error ─→ FAILED
 *        ↑                 │  ↑                │
 *        └────STOPPING─────┘  └────PAUSING─────┘
 *              stop                 pause
 */
import type { ServiceState } from '@troupe/worker-host'
import type { Hook } from '@troupe/worker-host/owner'

/** The states in which a service rests, and which can be asked for. */
export type TargetState = 'STOPPED' | 'PAUSED' | 'RUNNING'

export interface Transition {
  readonly from: TargetState
  readonly to: TargetState
  readonly via: ServiceState
  readonly hook: Hook
}

/** Every legal move. A pair that is missing has no direct way; `nextMove` finds the longer one. */
export const TRANSITIONS = [
  { from: 'STOPPED', to: 'PAUSED', via: 'PREPARING', hook: 'prepare' },
  { from: 'PAUSED', to: 'RUNNING', via: 'STARTING', hook: 'start' },
  { from: 'RUNNING', to: 'PAUSED', via: 'PAUSING', hook: 'pause' },
  { from: 'PAUSED', to: 'STOPPED', via: 'STOPPING', hook: 'stop' },
] as const satisfies readonly Transition[]

/** The first move of the shortest way; undefined at the target, and where there is no way. */
export function nextMove(
  from: ServiceState,
  to: TargetState,
  table: readonly Transition[] = TRANSITIONS,
): Transition | undefined {
  const seen = new Set<ServiceState>([from])
  let ways = table.filter((move) => move.from === from).map((move) => ({ first: move, at: move.to }))
  while (ways.length > 0) {
    const arrived = ways.find(({ at }) => at === to)
    if (arrived) return arrived.first
    for (const { at } of ways) seen.add(at)
    ways = ways.flatMap(({ first, at }) =>
      table.filter((move) => move.from === at && !seen.has(move.to)).map((move) => ({ first, at: move.to })),
    )
  }
  return undefined
}
