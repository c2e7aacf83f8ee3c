/**
 * One timer for all deadlines of a pool. A call costs it one comparison: it only sleeps until the earliest deadline that
 * it knows of, then has every queue look through the calls that are still there, and learns the next one.
 */
import type { Clock } from '@troupe/worker-host'
import { type TurnClock, turnClockOf } from './turn-clock.ts'

/** Calls with deadlines. */
export interface Expiring {
  /** Fails what is past its deadline. @returns the earliest deadline of the rest; `Infinity` for none */
  expire(nowMs: number): number
}

export class DeadlineWatch {
  readonly #watched = new Set<Expiring>()
  readonly #clock: Clock
  #cancelTimer: (() => void) | undefined
  #wakeAtMs = Number.POSITIVE_INFINITY
  #isClosed = false
  /** What calls look at to know when they are made. */
  readonly time: TurnClock

  constructor(clock: Clock) {
    this.#clock = clock
    this.time = turnClockOf(clock)
  }

  add(expiring: Expiring): void {
    this.#watched.add(expiring)
  }

  remove(expiring: Expiring): void {
    this.#watched.delete(expiring)
  }

  /** A call with this deadline is there now. */
  expect(deadlineMs: number): void {
    if (deadlineMs < this.#wakeAtMs) this.#sleepUntil(deadlineMs)
  }

  close(): void {
    this.#isClosed = true
    this.#cancelTimer?.()
  }

  #sleepUntil(atMs: number): void {
    if (this.#isClosed) return
    this.#cancelTimer?.()
    this.#wakeAtMs = atMs
    const delayMs = Math.max(atMs - this.#clock.now(), 1)
    // What keeps the process alive is the service that has the call, not the wait for it to be late.
    this.#cancelTimer = this.#clock.setTimer(() => this.#wake(), delayMs, true)
  }

  #wake(): void {
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    const nowMs = this.#clock.now()
    let nextMs = Number.POSITIVE_INFINITY
    for (const expiring of this.#watched) nextMs = Math.min(nextMs, expiring.expire(nowMs))
    this.expect(nextMs)
  }
}
