/**
 * The time, looked at once a turn: a thousand calls made in one turn were made at the same time, and asking the clock
 * for each would cost a twentieth of a call.
 */
import { type Clock, systemClock } from '@troupe/worker-host'

export class TurnClock {
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
      queueMicrotask(this.#endTurn)
    }
    return this.#turnMs
  }

  /** The time now, which goes on within a turn. */
  now(): number {
    return this.#clock.now()
  }

  readonly #endTurn = (): void => {
    this.#isCurrent = false
  }
}

/** Of whatever belongs to no pool yet. */
export const systemTurnClock = new TurnClock(systemClock)
