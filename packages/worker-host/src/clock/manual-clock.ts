/**
 * A clock that stands still until a test moves it:
 *
 *     const clock = new ManualClock()
 *     const slept = sleep('1h')
 *     await clock.advance(3_600_000) // an hour has passed, in no time
 *
 * Timers are called in the order of their times, and of their arming where these are equal, each at its own time.
 * After each the clock lets everything happen that follows from it by promises alone; what waits for the world (a file,
 * a socket, another thread) is not waited for.
 */
import type { Clock } from './clock.ts'

interface ManualTimer {
  readonly dueMs: number
  readonly order: number
  readonly callback: () => void
  isCancelled: boolean
}

export class ManualClock implements Clock {
  #nowMs = 0
  #dateMs: number
  #armed = 0
  /** A heap: the next timer is the first. */
  readonly #timers: ManualTimer[] = []

  /** @param date the time of day at the start; the beginning of 2000, in UTC, if it is not given */
  constructor(date: Date | number = Date.UTC(2000, 0)) {
    this.#dateMs = Number(date)
  }

  now(): number {
    return this.#nowMs
  }

  date(): number {
    return this.#dateMs
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.reduce((count, timer) => count + (timer.isCancelled ? 0 : 1), 0)
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const dueMs = this.#nowMs + Math.max(0, delayMs)
    const timer = { dueMs, order: this.#armed++, callback, isCancelled: false }
    this.#push(timer)
    return () => {
      timer.isCancelled = true
    }
  }

  /** Lets time pass, and resolves when all that was due by then has been called. */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`a clock can be advanced by milliseconds from 0, found ${ms}`)
    await settled() // what has been begun may be about to arm a timer
    const endMs = this.#nowMs + ms
    for (let timer = this.#timers[0]; timer !== undefined && timer.dueMs <= endMs; timer = this.#timers[0]) {
      this.#pop()
      if (timer.isCancelled) continue
      this.#moveTo(timer.dueMs)
      timer.callback()
      await settled()
    }
    this.#moveTo(endMs)
  }

  /** Sets the time of day, as a user or a time server does: no time passes. */
  setDate(date: Date | number): void {
    this.#dateMs = Number(date)
  }

  #moveTo(nowMs: number): void {
    this.#dateMs += nowMs - this.#nowMs
    this.#nowMs = nowMs
  }

  #push(timer: ManualTimer): void {
    const heap = this.#timers
    let at = heap.push(timer) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (isBefore(heap[above]!, timer)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#timers
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (isBefore(last, heap[below]!)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
  }
}

const isBefore = (a: ManualTimer, b: ManualTimer): boolean =>
  a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)

/** A turn of the event loop begins when no promise has anything left to do. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
