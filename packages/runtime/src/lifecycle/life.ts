/** From a start to the end that no restart follows: what `finished` tells of. */

/** How a service that has not failed came to its end: by itself, or because it was asked to. */
export type FinishReason = 'completed' | 'stopped'

export class Life {
  /** Nobody has to look at it: a rejection here is never "unhandled", since state and events tell the same. */
  readonly ended: Promise<FinishReason>
  readonly #settle: Pick<PromiseWithResolvers<FinishReason>, 'resolve' | 'reject'>
  #hasEnded = false

  constructor() {
    const { promise, ...settle } = Promise.withResolvers<FinishReason>()
    promise.catch(() => {})
    this.ended = promise
    this.#settle = settle
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  end(reason: FinishReason): void {
    this.#hasEnded = true
    this.#settle.resolve(reason)
  }

  fail(error: unknown): void {
    this.#hasEnded = true
    this.#settle.reject(error)
  }
}
