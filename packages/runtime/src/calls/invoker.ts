/**
 * How calls reach a service. An invoker holds the service's mailbox, decides what becomes of each call, and keeps at
 * most `window` calls at each thread; the rest waits here, on the owner's side, where it survives a crash.
 *
 *     ConcurrentInvoker      calls begin as they come and interleave (the default)
 *     SerializedInvoker      first in first out, one at a time
 *     DeduplicatingInvoker   equal calls share one execution
 *
 * One of your own is a subclass that overrides `invoke`; `super.invoke(request)` sends the call on:
 *
 *     class LoggedInvoker extends ConcurrentInvoker {
 *       override async invoke(request: CallRequest) {
 *         const startMs = performance.now()
 *         try { return await super.invoke(request) }
 *         finally { log(request.method, performance.now() - startMs) }
 *       }
 *     }
 *
 * Calls wait while the service is on its way to RUNNING, or PAUSED, and are refused at once when it is stopped.
 */
import { BadOptionsError, MailboxFullError } from '@troupe/worker-host'
import { Call, type CallRequest } from './call.ts'
import type { CallLink } from './call-link.ts'
import { Mailbox } from './mailbox.ts'
import { RemoteStream } from './remote-stream.ts'

export interface InvokerOptions {
  /**
   * Calls that may wait; one more is rejected with `ERR_TROUPE_MAILBOX_FULL`.
   * @defaultValue 16_384
   */
  readonly capacity?: number
  /**
   * Calls at a thread at any time; streams that are being read are not counted.
   * @defaultValue 256
   */
  readonly window?: number
}

type Refusal = (call: Call) => Error

export abstract class Invoker {
  /** Calls run one after another in the service's thread. */
  abstract readonly isSerialized: boolean
  readonly window: number
  readonly #mailbox: Mailbox<Call>
  #links: readonly CallLink[] = []
  /** Set while calls are refused. */
  #refusal: Refusal | undefined
  #isHeld = true
  #bound: { readonly pool: object; readonly service: string } | undefined

  constructor({ capacity = 16_384, window = 256 }: InvokerOptions = {}) {
    requireCount('capacity', capacity)
    requireCount('window', window)
    this.window = window
    this.#mailbox = new Mailbox(capacity)
  }

  /** Calls that wait. */
  get queued(): number {
    return this.#mailbox.size
  }

  /** Called once for each call, in the order of the callers. */
  invoke(request: CallRequest): Promise<unknown> {
    const call = new Call(request)
    const outcome = call.promise()
    this.#accept(call)
    return outcome
  }

  /** Called once for each call of a method that is a stream. */
  stream(request: CallRequest): RemoteStream<unknown> {
    return new RemoteStream((stream) => this.#accept(new Call(request, stream)))
  }

  /** @internal an invoker has one mailbox, so it serves one service of one pool */
  bind(pool: object, service: string): void {
    const bound = this.#bound
    if (bound !== undefined && (bound.pool !== pool || bound.service !== service)) {
      throw new BadOptionsError(
        `an invoker serves one service: this one serves "${bound.service}", not "${service}" too`,
      )
    }
    this.#bound = { pool, service }
  }

  /** @internal the threads that calls can be sent to, as of now */
  connect(links: readonly CallLink[]): void {
    this.#links = links
    this.pump()
  }

  /** @internal calls are sent to the threads from now on, or wait */
  setFlow(flow: 'send' | 'hold'): void {
    this.#isHeld = flow === 'hold'
    this.pump()
  }

  /** @internal new calls are taken again */
  admit(): void {
    this.#refusal = undefined
  }

  /** @internal new calls are refused; those that wait stay */
  refuse(refusal: Refusal): void {
    this.#refusal = refusal
  }

  /** @internal those that wait fail */
  failWaiting(refusal: Refusal): void {
    for (const call of this.#mailbox.clear()) call.fail(() => refusal(call))
  }

  /** @internal calls that were sent and had not begun go back to where they came from */
  putBack(calls: readonly Call[]): void {
    this.#mailbox.putBack(calls)
  }

  /** @internal sends what waits, as far as there is room */
  pump(): void {
    while (this.#mailbox.size > 0) {
      const link = this.#isHeld ? undefined : leastPending(this.#links)
      if (link === undefined) return
      link.send(this.#mailbox.shift()!)
    }
  }

  #accept(call: Call): void {
    const refusal = this.#refusal
    if (refusal !== undefined) return call.fail(() => refusal(call))
    if (!this.#isHeld && this.#mailbox.size === 0) {
      const link = leastPending(this.#links)
      if (link !== undefined) return link.send(call)
    }
    if (!this.#mailbox.push(call)) {
      const { size, capacity } = this.#mailbox
      call.fail(() => new MailboxFullError(call.service, size, capacity))
    }
  }
}

/** The link with room that has the fewest calls; among equals, the first. */
export function leastPending<L extends { readonly pending: number; readonly hasRoom: boolean }>(
  links: readonly L[],
): L | undefined {
  let least: L | undefined
  for (const link of links) if (link.hasRoom && (least === undefined || link.pending < least.pending)) least = link
  return least
}

/** Calls begin as they come, and interleave. */
export class ConcurrentInvoker extends Invoker {
  readonly isSerialized = false
}

/**
 * First in first out, one at a time: the next call begins when the one before has settled, whichever way. A stream is
 * a call until its reader has come to its end or left it.
 */
export class SerializedInvoker extends Invoker {
  readonly isSerialized = true
}

function requireCount(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return
  throw new BadOptionsError(`an invoker's "${name}" must be a whole number of calls from 1, found ${String(value)}`)
}
