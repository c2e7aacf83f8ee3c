/** The time that a service has for answering its calls before it leaves RUNNING. */
import type { Clock } from '@troupe/worker-host'

export class Drain {
  #done: PromiseWithResolvers<void> | undefined

  get isOn(): boolean {
    return this.#done !== undefined
  }

  /** Resolves when it is ended, or the time is over. @param onBegun looks whether there is anything to be answered */
  async begin(clock: Clock, limitMs: number, onBegun: () => void): Promise<void> {
    this.#done = Promise.withResolvers()
    const cancelLimit = clock.setTimer(this.#done.resolve, limitMs)
    try {
      onBegun()
      await this.#done.promise
    } finally {
      cancelLimit()
      this.#done = undefined
    }
  }

  end(): void {
    this.#done?.resolve()
  }
}
