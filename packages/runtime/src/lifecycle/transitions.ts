/**
 * The life cycle as data:
 *
 *                prepare            start
 *     STOPPED ─PREPARING→ PAUSED ─STARTING→ RUNNING      any of them, on an error ─→ FAILED
 *        ↑                 │  ↑                │
 *        └────STOPPING─────┘  └────PAUSING─────┘
 *              stop                 pause
 *
 * A class adds direct moves by `@transition`; they stand before these in its table.
 */
import type { RestState, ServiceState } from '@troupe/worker-host'
import type { Move } from '@troupe/worker-host/owner'

/** Every move that all services have. A pair that is missing has no direct way; `route` finds the longer one. */
export const TRANSITIONS: readonly Move[] = [
  { from: 'STOPPED', to: 'PAUSED', via: 'PREPARING', hook: 'prepare' },
  { from: 'PAUSED', to: 'RUNNING', via: 'STARTING', hook: 'start' },
  { from: 'RUNNING', to: 'PAUSED', via: 'PAUSING', hook: 'pause' },
  { from: 'PAUSED', to: 'STOPPED', via: 'STOPPING', hook: 'stop' },
]

/** The shortest way, move by move; among equals the one that stands first. Empty at the target, and without a way. */
export function route(from: ServiceState, to: RestState, table: readonly Move[] = TRANSITIONS): readonly Move[] {
  if (from === to) return []
  const seen = new Set<ServiceState>([from])
  let ways = table.filter((move) => move.from === from).map((move) => [move])
  while (ways.length > 0) {
    const arrived = ways.find((way) => way.at(-1)!.to === to)
    if (arrived) return arrived
    for (const way of ways) seen.add(way.at(-1)!.to)
    ways = ways.flatMap((way) =>
      table.filter(({ from, to }) => from === way.at(-1)!.to && !seen.has(to)).map((move) => [...way, move]),
    )
  }
  return []
}

/**
 * Whether a goal turns its back on a move in hand: asked for when that began, it would not have led to it.
 *
 *     prepare, for a pause instead of a start   no: both begin with it
 *     prepare or start, for a stop              yes
 *     pause, for a stop                         no, unless there is a direct move to STOPPED
 *     pause or stop, for a start                yes
 */
export function leadsAway({ from, hook }: Move, target: RestState, table: readonly Move[] = TRANSITIONS): boolean {
  return route(from, target, table)[0]?.hook !== hook
}

/** The move by which a newer goal leaves a state of motion at once. */
export function overtaking(via: ServiceState, target: RestState, table: readonly Move[]): Move | undefined {
  return table.find((move) => move.from === via && move.to === target)
}
