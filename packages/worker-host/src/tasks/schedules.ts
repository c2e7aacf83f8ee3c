/**
 * When something that is repeated comes due.
 *
 * | schedule | due                                          | while a call runs, or the thread stands still          |
 * |----------|----------------------------------------------|--------------------------------------------------------|
 * | rate     | at start + n × interval: no drift            | the times that go by are skipped, and counted          |
 * | delay    | one interval after the call before has ended | nothing comes due                                      |
 * | cron     | by the time of day                           | the times that go by are skipped                       |
 */
import type { Clock } from '../clock/clock.ts'
import type { NextTime } from './cron-times.ts'

export interface Schedule {
  /** Looks for the next time, from now. @returns how long to wait for it; undefined when there is none any more */
  next(): number | undefined
  /** To be asked after the wait: the time may be further off than it seemed, or long past. */
  isDue(): boolean
  /** How many times were passed over. */
  readonly skipped: number
}

export class RateSchedule implements Schedule {
  skipped = 0
  /** The number of the time that was looked for last. */
  tick = 0
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #startMs: number

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#startMs = clock.now()
  }

  next(): number {
    const nowMs = this.#clock.now()
    // A timer of Node may come a fraction of a millisecond early, so the next time is always a later one.
    const tick = Math.max(this.tick + 1, Math.ceil((nowMs - this.#startMs) / this.#intervalMs))
    this.skipped += tick - this.tick - 1
    this.tick = tick
    return Math.max(0, this.#startMs + tick * this.#intervalMs - nowMs)
  }

  isDue(): boolean {
    return true
  }
}

export class DelaySchedule implements Schedule {
  readonly skipped = 0
  readonly #intervalMs: number

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  next(): number {
    return this.#intervalMs
  }

  isDue(): boolean {
    return true
  }
}

/** Longest wait before the time of day is looked at again: it may have been set, or the machine may have slept. */
const LOOK_MS = 60_000
/** A time that is longer past than this was missed. */
const LATE_MS = 60_000
/** A clock that is set back by no more than this does not make what has been done come due again. */
const SET_BACK_MS = 3 * 3_600_000

export class CronSchedule implements Schedule {
  skipped = 0
  readonly #clock: Clock
  readonly #times: NextTime
  /** All that was due up to this time of day has been called, or passed over. */
  #doneMs: number
  #dueMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock, times: NextTime) {
    this.#clock = clock
    this.#times = times
    this.#doneMs = clock.date()
  }

  next(): number | undefined {
    const dateMs = this.#clock.date()
    if (dateMs > this.#doneMs || dateMs < this.#doneMs - SET_BACK_MS) this.#doneMs = dateMs
    const dueMs = this.#times(this.#doneMs)
    if (dueMs === undefined) return undefined
    this.#dueMs = dueMs
    return Math.min(dueMs - dateMs, LOOK_MS)
  }

  isDue(): boolean {
    const lateMs = this.#clock.date() - this.#dueMs
    if (lateMs < 0) return false
    this.#doneMs = this.#dueMs
    if (lateMs > LATE_MS) this.skipped++
    return lateMs <= LATE_MS
  }
}
