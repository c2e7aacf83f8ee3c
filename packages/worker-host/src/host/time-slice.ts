/**
 * How long a thread runs calls that have come together before it looks up: the results leave, and timers, cancellations, stops
 * and other callers have their turn. A batch of fast calls is over before that; of slow ones, each is followed by a look.
 *
 * The clock costs a tenth of a small call, so it is asked after 1, 2, 4, 8 and then every 16 of them, and after each one when
 * a slice has come to its end.
 */

/** @unit milliseconds */
const SLICE_MS = 1
const MAX_STRIDE = 16

export class TimeSlice {
  #sinceMs = 0
  #stride = 1
  /** Calls until the clock is asked. */
  #left = 1

  begin(nowMs = performance.now()): void {
    this.#sinceMs = nowMs
    this.#stride = this.#left = 1
  }

  /** To be asked after each call. */
  isOver(nowMs?: number): boolean {
    if (--this.#left > 0) return false
    const isOver = (nowMs ?? performance.now()) - this.#sinceMs >= SLICE_MS
    this.#stride = isOver ? 1 : Math.min(this.#stride * 2, MAX_STRIDE)
    this.#left = this.#stride
    return isOver
  }
}
