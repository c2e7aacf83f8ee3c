/** The sending end of a way between two contexts: an invoker whose calls go to the router at the other end. */
import type { ContextId } from '@troupe/worker-host'
import type { Channel } from '@troupe/worker-host/owner'
import type { CallRequest } from '../calls/call.ts'
import { allExtrasOf } from '../calls/call-extras.ts'
import { CallLink } from '../calls/call-link.ts'
import type { CallSink } from '../calls/call-queue.ts'
import type { DeadlineWatch } from '../calls/deadline-watch.ts'
import { ConcurrentInvoker } from '../calls/invoker.ts'
import type { Death } from '../contexts/host-link.ts'
import { RouteBook } from './route-book.ts'

export interface WayOptions {
  /** The context that sends. */
  readonly from: ContextId
  /** The context at the other end. */
  readonly to: ContextId
  readonly port: Channel
  readonly watch: DeadlineWatch
}

export class Way {
  /** For a queue of its own before this way; the deadlines of what has been sent are watched here. */
  readonly sink: CallSink
  readonly #invoker = new ConcurrentInvoker({ window: Number.MAX_SAFE_INTEGER })
  readonly #link: CallLink

  constructor({ from, to, port, watch }: WayOptions) {
    const { queue } = this.#invoker
    const methods = new RouteBook((number, route) => this.#link.declare(number, route))
    this.#link = new CallLink({
      service: to,
      context: to,
      owner: from,
      port,
      methods,
      extrasOf: allExtrasOf,
      window: Number.MAX_SAFE_INTEGER,
      time: watch.time,
      begun: undefined, // whether a call was passed on, and has begun, only the other end knows
      onRoom: () => {},
      onDeadline: (atMs) => queue.expectDeadline(atMs),
      onOverdue: () => {},
    })
    const link = this.#link
    this.sink = { pending: 0, hasRoom: true, send: (call) => link.send(call), expire: () => Number.POSITIVE_INFINITY }
    queue.bind(this, to, watch)
    queue.connect([this.#link])
    queue.setFlow('send')
  }

  send(request: CallRequest): Promise<unknown> {
    return this.#invoker.receive(request)
  }

  /** Where results come straight from their services' threads. */
  get answers(): CallLink['answers'] {
    return this.#link.answers
  }

  /** The other end is gone: calls that it has not answered fail. */
  close(death: Death): void {
    this.#link.close(death)
    this.#invoker.queue.setFlow('hold')
  }
}
