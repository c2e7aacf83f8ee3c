/**
 * A service's changes of state as they come: `for await (const change of handle.changes()) { … }`.
 *
 * It listens from the moment it is made, so nothing is missed before the first `next`; what a slow reader has not taken
 * yet waits here in order. It ends when the pool is closed, and leaving the loop ends it as well.
 */
import { MailboxFullError } from '@troupe/worker-host'
import type { ServiceEvents, StateChange } from './service-events.ts'

/** Changes that may wait for their reader: a thousand restarts. One more, and the reader is told instead of cheated. */
const CAPACITY = 8_192

export class StateChanges implements AsyncIterableIterator<StateChange, undefined> {
  readonly #waiting: StateChange[] = []
  readonly #readers: PromiseWithResolvers<IteratorResult<StateChange, undefined>>[] = []
  readonly #service: string
  readonly #leave: () => void
  #failure: Error | undefined
  #hasEnded = false

  constructor(service: string, events: ServiceEvents) {
    this.#service = service
    const onState = (change: StateChange): void => this.#take(change)
    const onEnd = (): void => this.#end()
    this.#leave = () => {
      events.off('state', onState)
      events.forgetEnd(onEnd)
    }
    events.on('state', onState)
    events.whenEnded(onEnd)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** @throws {MailboxFullError} ERR_TROUPE_MAILBOX_FULL after the last change that there was room for */
  async next(): Promise<IteratorResult<StateChange, undefined>> {
    const value = this.#waiting.shift()
    if (value !== undefined) return { done: false, value }
    if (this.#failure !== undefined) {
      const failure = this.#failure
      this.#failure = undefined
      throw failure
    }
    if (this.#hasEnded) return { done: true, value: undefined }
    const reader = Promise.withResolvers<IteratorResult<StateChange, undefined>>()
    this.#readers.push(reader)
    return reader.promise
  }

  async return(): Promise<IteratorResult<StateChange, undefined>> {
    this.#waiting.length = 0
    this.#failure = undefined
    this.#end()
    return { done: true, value: undefined }
  }

  #take(value: StateChange): void {
    const reader = this.#readers.shift()
    if (reader !== undefined) reader.resolve({ done: false, value })
    else if (this.#waiting.length < CAPACITY) this.#waiting.push(value)
    else {
      this.#failure = new MailboxFullError(`${this.#service}.changes()`, this.#waiting.length, CAPACITY)
      this.#end()
    }
  }

  #end(): void {
    this.#hasEnded = true
    this.#leave()
    for (const { resolve } of this.#readers.splice(0)) resolve({ done: true, value: undefined })
  }
}
