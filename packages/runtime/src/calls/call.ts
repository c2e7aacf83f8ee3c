/** One call on its way: made by a proxy, ordered by an invoker, sent by a link, settled exactly once. */
import type { ContextId } from '@troupe/worker-host'
import { type MakeError, rejectWith } from './rejection.ts'
import { RemoteStream } from './remote-stream.ts'

/** What an invoker sees of a call. */
export interface CallRequest {
  readonly service: string
  readonly method: string
  readonly args: readonly unknown[]
  /** The context that calls. */
  readonly caller: ContextId
  /** The method says that running it twice does no more than running it once. */
  readonly isIdempotent: boolean
}

export class Call implements CallRequest {
  readonly service: string
  readonly method: string
  readonly args: readonly unknown[]
  readonly caller: ContextId
  readonly isIdempotent: boolean
  /** Which of its link's calls this is, from 1; compared with the host's count of calls begun. */
  ordinal = 0
  #stream: RemoteStream<unknown> | undefined
  #resolve!: (value: unknown) => void

  constructor(request: CallRequest, stream?: RemoteStream<unknown>) {
    this.service = request.service
    this.method = request.method
    this.args = request.args
    this.caller = request.caller
    this.isIdempotent = request.isIdempotent
    this.#stream = stream
  }

  /** Set for a call whose replies are items. */
  get stream(): RemoteStream<unknown> | undefined {
    return this.#stream
  }

  get subject(): string {
    return `"${this.service}.${this.method}"`
  }

  /** The outcome; taken once, and not at all for a call that has a stream. */
  promise(): Promise<unknown> {
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** For a call made before anyone knew that its method is a stream: its promise resolves with that stream. */
  becomeStream(): void {
    this.#stream = new RemoteStream(() => {})
    this.#resolve(this.#stream)
  }

  succeed(value: unknown): void {
    if (this.#stream) this.#stream.end()
    else this.#resolve(value)
  }

  /** @param make makes the error in a job of its own, from which the frames of the awaiting caller can be seen */
  fail(make: MakeError): void {
    if (this.#stream) this.#stream.fail(make)
    else rejectWith(this.#resolve, make)
  }
}
