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
      this.#isCurrent = true
      this.#turnMs = this.#clock.now()
      atTurnEnd(this)
    }
    return this.#turnMs
  }

  /** The time now, which goes on within a turn. */
  now(): number {
    return this.#clock.now()
  }

  endTurn(): void {
    this.#isCurrent = false
  }
}

/** Of whatever belongs to no pool yet. */
export const systemTurnClock = new TurnClock(systemClock)
