/**
 * Calls that nobody waits for any more, and that their thread has not answered. Until it has they keep their place, so that
 * its answer meets no other call; and a method that goes on for longer than it may is told of, for its thread to be killed.
 */
import type { Call } from './call.ts'

export class AbandonedCalls {
  readonly #byId = new Map<number, { readonly call: Call; readonly killAtMs: number }>()

  /** @param killAtMs when its thread is killed if its method still runs; `Infinity` for never */
  add(id: number, call: Call, killAtMs: number): void {
    this.#byId.set(id, { call, killAtMs })
  }

  /** It has been answered. */
  take(id: number): Call | undefined {
    const call = this.#byId.get(id)?.call
    this.#byId.delete(id)
    return call
  }

  /** @returns when the next one is overdue */
  expire(nowMs: number, onOverdue: (call: Call) => void): number {
    let earliestMs = Number.POSITIVE_INFINITY
    for (const { call, killAtMs } of this.#byId.values()) {
      if (killAtMs > nowMs) earliestMs = Math.min(earliestMs, killAtMs)
      else onOverdue(call)
    }
    return earliestMs
  }
}
