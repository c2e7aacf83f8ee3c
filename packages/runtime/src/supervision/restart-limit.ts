/** When to restart. The default is `temporary`: a service that crashes stays FAILED until it is restarted by hand. */

/** OTP's words. A service that finishes by itself is not restarted, so the first two do the same: restart after a crash. */
export type RestartType = 'permanent' | 'transient' | 'temporary'

export interface Supervision {
  /**
   * `permanent` and `transient` bring a service back that has crashed when it was RUNNING, or was going there again.
   * @defaultValue 'temporary'
   */
  readonly restart?: RestartType
  /**
   * Restarts admitted within `withinMs`; one more and the service stays FAILED.
   * @defaultValue 3
   * @source Elixir's Supervisor
   */
  readonly maxRestarts?: number
  /** @unit milliseconds @defaultValue 5_000 */
  readonly withinMs?: number
}

export interface RestartLimit {
  readonly maxRestarts: number
  readonly withinMs: number
}

/** @param history when the service was restarted, in milliseconds, oldest first */
export function admitRestart(history: readonly number[], nowMs: number, limit: RestartLimit) {
  const recent = [...history.filter((atMs) => nowMs - atMs <= limit.withinMs), nowMs]
  return { verdict: recent.length > limit.maxRestarts ? 'giveUp' : 'restart', recent } as const
}
