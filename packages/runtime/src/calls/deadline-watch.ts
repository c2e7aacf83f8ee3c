/**
 * One timer for all deadlines of a pool. A call costs it one comparison: it only sleeps until the earliest deadline that
 * it knows of, then has every queue look through the calls that are still there, and learns the next one.
 */

/** Calls with deadlines. */
export interface Expiring {
  /** Fails what is past its deadline. @returns the earliest deadline of the rest; `Infinity` for none */
  expire(nowMs: number): number
}

/** Node's timers take no longer delay: it would become 1 ms. */
const MAX_DELAY_MS = 2 ** 31 - 1

export class DeadlineWatch {
  readonly #watched = new Set<Expiring>()
  #timer: NodeJS.Timeout | undefined
  #wakeAtMs = Number.POSITIVE_INFINITY
  #isClosed = false

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
    clearTimeout(this.#timer)
  }

  #sleepUntil(atMs: number): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    this.#wakeAtMs = atMs
    const delayMs = Math.min(Math.max(atMs - performance.now(), 1), MAX_DELAY_MS)
    // What keeps the process alive is the service that has the call, not the wait for it to be late.
    this.#timer = setTimeout(() => this.#wake(), delayMs).unref()
  }

  #wake(): void {
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    const nowMs = performance.now()
    let nextMs = Number.POSITIVE_INFINITY
    for (const expiring of this.#watched) nextMs = Math.min(nextMs, expiring.expire(nowMs))
    this.expect(nextMs)
  }
}
