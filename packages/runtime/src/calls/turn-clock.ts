/**
 * The time, looked at once a turn: a thousand calls made in one turn were made at the same time, and asking the clock
 * for each would cost a twentieth of a call.
 */
import { type Clock, systemClock } from '@troupe/worker-host'
import { atTurnEnd, type TurnEnding } from '@troupe/worker-host/owner'

export class TurnClock implements TurnEnding {
  readonly #clock: Clock
  #turnMs = 0
  #isCurrent = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The time in this turn. @unit milliseconds on the clock */
  turnMs(): number {
    if (!this.#isCurrent) {
      this.#turnMs = this.#clock.now()
      atTurnEnd(this)
      this.#isCurrent = true
    }
    return this.#turnMs
  }

  /**
   * What is left until then for a call that is made now, and whose time counts from the turn's.
   * @returns null for a deadline that never comes, and 1 ms for one that is over
   */
  leftUntil(deadlineMs: number): number | null {
    return deadlineMs === Number.POSITIVE_INFINITY ? null : Math.max(deadlineMs - this.turnMs(), 1)
  }

  /** How long ago that was which `turnMs` has said last: code may have the thread to itself for long. @unit milliseconds */
  lagMs(): number {
    return this.#clock.now() - this.#turnMs
  }

  /** The time now, which goes on within a turn. */
  now(): number {
    return this.#clock.now()
  }

  endTurn(): void {
    this.#isCurrent = false
  }
}

/** Real time, and the same turn, for all pools of a thread, and for what belongs to none yet. */
export const systemTurnClock = new TurnClock(systemClock)

export const turnClockOf = (clock: Clock): TurnClock => (clock === systemClock ? systemTurnClock : new TurnClock(clock))
