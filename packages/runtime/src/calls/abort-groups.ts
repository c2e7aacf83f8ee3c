/**
 * The calls that a signal would abort. One listener for each signal, however many calls it is given to: a thousand
 * listeners on one signal would take longer to remove than the calls take.
 */
import { AbortSource, type Follower } from '@troupe/worker-host/owner'

/** Those of one signal. */
export class AbortGroup extends AbortSource {
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    super()
    this.#signal = signal
  }

  override follow(follower: Follower): void {
    if (!this.isFollowed) this.#signal.addEventListener('abort', this.#onAbort, { once: true })
    super.follow(follower)
  }

  override unfollow(follower: Follower): void {
    super.unfollow(follower)
    if (!this.isFollowed) this.#signal.removeEventListener('abort', this.#onAbort)
  }

  readonly #onAbort = (): void => this.abortFollowers(this.#signal.reason)
}

const groups = new WeakMap<AbortSignal, AbortGroup>()

export function abortGroupOf(signal: AbortSignal): AbortGroup {
  const known = groups.get(signal)
  if (known !== undefined) return known
  const group = new AbortGroup(signal)
  groups.set(signal, group)
  return group
}
