/** Calls something at the times of a schedule, one call at a time: what `@timer` and `@cron` do. */
import type { Clock } from '../clock/clock.ts'
import type { Schedule } from './schedules.ts'

export interface RepeaterStats {
  readonly name: string
  readonly calls: number
  /** Times of a timer at `rate` that came while a call still ran, or the thread stood still; missed ones of a cron job. */
  readonly skipped: number
}

export interface RepeaterOptions {
  readonly name: string
  readonly clock: Clock
  readonly schedule: Schedule
  /** Resolves when the call has ended, however it did. */
  readonly call: () => Promise<unknown>
}

export class Repeater {
  readonly #options: RepeaterOptions
  #calls = 0
  #isStopped = false
  #cancelTimer: (() => void) | undefined

  constructor(options: RepeaterOptions) {
    this.#options = options
  }

  get stats(): RepeaterStats {
    const { name, schedule } = this.#options
    return { name, calls: this.#calls, skipped: schedule.skipped }
  }

  start(isImmediate: boolean): void {
    if (isImmediate) void this.#call()
    else this.#wait()
  }

  /** No call begins after this; one that runs goes on. */
  stop(): void {
    this.#isStopped = true
    this.#cancelTimer?.()
  }

  #wait(): void {
    const delayMs = this.#isStopped ? undefined : this.#options.schedule.next()
    if (delayMs !== undefined) this.#cancelTimer = this.#options.clock.setTimer(() => this.#wake(), delayMs)
  }

  #wake(): void {
    if (this.#options.schedule.isDue()) void this.#call()
    else this.#wait()
  }

  async #call(): Promise<void> {
    this.#calls++
    await this.#options.call()
    this.#wait()
  }
}
