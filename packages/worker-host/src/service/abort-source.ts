/**
 * What calls are aborted with: a signal, or the call that they were made for.
 *
 * Those that follow it are a chain through themselves, in the order they came: a set of them cost a tenth of a call.
 */
export interface Follower {
  abort(reason: unknown): void
  /** Its neighbours in the chain; the source's own business. It has one place, so it follows one source at a time. */
  followsAfter: Follower | undefined
  followedBy: Follower | undefined
}

export class AbortSource {
  #first: Follower | undefined
  #last: Follower | undefined

  /** @internal */
  get isFollowed(): boolean {
    return this.#first !== undefined
  }

  /** @internal from now on that is aborted with this */
  follow(follower: Follower): void {
    if (this.#last === undefined) this.#first = follower
    else {
      this.#last.followedBy = follower
      follower.followsAfter = this.#last
    }
    this.#last = follower
  }

  /** @internal does nothing for one that has left */
  unfollow(follower: Follower): void {
    const { followsAfter: former, followedBy: latter } = follower
    if (former === undefined && this.#first !== follower) return
    if (former === undefined) this.#first = latter
    else former.followedBy = latter
    if (latter === undefined) this.#last = former
    else latter.followsAfter = former
    follower.followsAfter = follower.followedBy = undefined
  }

  /** @internal each leaves before it is aborted, so what that does to the others is done to the chain as it then is */
  abortFollowers(reason: unknown): void {
    for (let follower = this.#first; follower !== undefined; follower = this.#first) {
      this.unfollow(follower)
      follower.abort(reason)
    }
  }
}
