/** Ways through the life cycle, from move to move. */
import type { RestState, ServiceState } from '@troupe/worker-host'
import { type Move, TRANSITIONS } from '@troupe/worker-host/owner'

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
