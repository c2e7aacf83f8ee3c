/** How long something may take; time that it waits for others of its kind is not its own, and does not count. */
import { type Clock, DeadlineExceededError } from '@troupe/worker-host'
import type { Patience } from '../contexts/place.ts'

export class TimeLimit {
  readonly #clock: Clock
  readonly #late = Promise.withResolvers<never>()
  readonly #onLate: () => void
  #leftMs: number
  #sinceMs = 0
  #cancelTimer: (() => void) | undefined
  #isOver = false

  /** @param subject what takes so long, for the error */
  constructor(clock: Clock, limitMs: number, subject: string) {
    this.#clock = clock
    this.#leftMs = limitMs
    this.#onLate = () => this.#late.reject(new DeadlineExceededError(subject, limitMs))
  }

  /**
   * @param act is given what it shall wait by for others
   * @throws {DeadlineExceededError} ERR_TROUPE_DEADLINE when it has not settled in time
   */
  async over<T>(act: (patiently: Patience) => Promise<T>): Promise<T> {
    this.#run()
    try {
      return await Promise.race([act(this.#patiently), this.#late.promise])
    } finally {
      this.#isOver = true
      this.#stop()
    }
  }

  readonly #patiently: Patience = async (wait) => {
    this.#stop()
    try {
      return await wait
    } finally {
      if (!this.#isOver) this.#run()
    }
  }

  #run(): void {
    this.#sinceMs = this.#clock.now()
    this.#cancelTimer = this.#clock.setTimer(this.#onLate, this.#leftMs)
  }

  #stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#leftMs -= this.#clock.now() - this.#sinceMs
  }
}
