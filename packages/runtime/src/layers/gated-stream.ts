/**
 * A stream that begins when it is let in: at its reader's first `next`, once the layer that made it has nothing against
 * it. To that layer it is a call, from then until its reader has come to its end or left it.
 */
import { RemoteStream } from '@troupe/worker-host/owner'

/** How a call ended: well, or with an error. */
export type OnEnd = (failure?: { readonly error: unknown }) => void

type Result = IteratorResult<unknown, undefined>
type Stream = RemoteStream<unknown>

/** Lets the stream in. It is opened by that, and not by a later job: else a call could overtake it. */
export type Begin = (stream: Stream) => Promise<Result>

const END: Result = Object.freeze({ done: true, value: undefined })

export class GatedStream extends RemoteStream<unknown> {
  readonly #enter: (begin: Begin) => unknown
  readonly #onEnd: OnEnd | undefined
  readonly #isForReader: boolean
  /** What the first `next` waits for. */
  #first: Promise<Result> | undefined
  #stream: Stream | undefined
  #isOver = false
  #hasEnded = false

  /**
   * @param source the stream itself; or what begins it, now or later, and gives what `begin` does, or rejects
   * @param onEnd called once, if it was let in
   * @param isForReader it ends as its reader learns of it; else with its call, also while nobody reads
   */
  constructor(source: Stream | ((begin: Begin) => unknown), onEnd?: OnEnd, isForReader = true) {
    super(() => {})
    this.#isForReader = isForReader
    this.#enter = source instanceof RemoteStream ? (begin) => begin(source) : source
    this.#onEnd = onEnd
    if (source instanceof RemoteStream) this.#follow(source)
  }

  override next(): Promise<Result> {
    if (this.#isOver) return Promise.resolve(END)
    if (this.#stream !== undefined) return this.#watched(this.#stream.next())
    if (this.#first !== undefined) return this.#first.catch(() => {}).then(() => this.next())
    this.#first = this.#open()
    return this.#first
  }

  override async return(): Promise<Result> {
    this.#isOver = true
    if (this.#stream === undefined) return END // let in later, it is left at once
    try {
      return await this.#stream.return()
    } finally {
      this.#end() // what a `finally` threw is no failure of the call: its reader had all it wanted
    }
  }

  async #open(): Promise<Result> {
    try {
      return (await this.#enter((stream) => this.#begin(stream))) as Result
    } catch (error) {
      this.#isOver = true
      throw error
    }
  }

  #begin(stream: Stream): Promise<Result> {
    this.#follow(stream)
    return this.#isOver ? this.return() : this.#watched(stream.next())
  }

  /** Its call can come to a bad end while its reader does something else, or has forgotten it. */
  #follow(stream: Stream): void {
    this.#stream = stream
    if (!this.#isForReader) stream.watchFailure(() => this.#end())
  }

  #watched(result: Promise<Result>): Promise<Result> {
    if (this.#onEnd === undefined) return result
    return result.then(
      (item) => {
        if (item.done) this.#end()
        return item
      },
      (error) => {
        this.#end({ error })
        throw error
      },
    )
  }

  #end(failure?: { readonly error: unknown }): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#onEnd?.(failure)
  }
}

/** Sends a call, and tells how it ended. A result that turns out to be a stream ends with that. */
export function watch(send: () => Promise<unknown>, onEnd: OnEnd, isForReader = true): Promise<unknown> {
  return attempt(send).then(
    (value) => {
      if (value instanceof RemoteStream) return new GatedStream(value, onEnd, isForReader)
      onEnd()
      return value
    },
    (error) => {
      onEnd({ error })
      throw error
    },
  )
}

/** An invoker of one's own may throw before it has a promise, or have none. */
function attempt(send: () => Promise<unknown>): Promise<unknown> {
  try {
    return Promise.resolve(send())
  } catch (error) {
    return Promise.reject(error)
  }
}
