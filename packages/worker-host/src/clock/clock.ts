/**
 * Where time comes from. All that waits in a service (sleeps, timers, cron, the limits of its tasks) asks its clock and
 * nothing else, so a test can put a `ManualClock` in its place and move time by hand.
 */

export interface Clock {
  /** Time that only goes forward, from some fixed moment: for durations. @unit milliseconds, with a fraction */
  now(): number
  /** The time of day, which can be set and so can jump: for cron. @unit milliseconds since 1970 */
  date(): number
  /**
   * Calls back once, after the delay.
   * @param isBackground the wait alone is no reason for the process to go on
   * @returns takes it back; does nothing once it has happened
   */
  setTimer(callback: () => void, delayMs: number, isBackground?: boolean): () => void
}

/** Node counts a delay in 32 bits, and takes a longer one for 1 ms. */
const LONGEST_MS = 2 ** 31 - 1

/** Real time. Node itself keeps one timer of the system for all of a thread's. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimer(callback, delayMs, isBackground = false) {
    const dueMs = performance.now() + delayMs
    let timeout: NodeJS.Timeout
    const arm = (leftMs: number): void => {
      timeout = setTimeout(
        () => (leftMs > LONGEST_MS ? arm(dueMs - performance.now()) : callback()),
        Math.min(leftMs, LONGEST_MS),
      )
      if (isBackground) timeout.unref()
    }
    arm(delayMs)
    return () => clearTimeout(timeout)
  },
}
