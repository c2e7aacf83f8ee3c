/**
 * At most so many calls are on their way at any time; the others wait, in the order they came, and one beyond
 * `maxWaiting` is rejected with `ERR_TROUPE_MAILBOX_FULL`.
 *
 *     invoker: new ConcurrencyLimitInvoker({ maxConcurrent: 4 })
 *
 * A stream takes a place from its reader's first `next` until that reader has come to its end or left it.
 */
import { MailboxFullError } from '@troupe/worker-host'
import { type RemoteStream, requireNumber, requireOptions } from '@troupe/worker-host/owner'
import type { CallRequest } from '../calls/call.ts'
import { Invoker, type InvokerOptions, MAILBOX_OPTIONS } from '../calls/invoker.ts'
import { GatedStream, watch } from './gated-stream.ts'
import { type Send, WaitingRoom } from './waiting-room.ts'

export interface ConcurrencyLimit {
  /** Calls that are on their way at any time. */
  readonly maxConcurrent: number
  readonly maxWaiting: number
}

export interface ConcurrencyLimitOptions extends InvokerOptions {
  /** Calls that are on their way at any time. */
  readonly maxConcurrent: number
  /** Calls that may wait; one more is rejected. @defaultValue 16_384 */
  readonly maxWaiting?: number
}

/** Nobody passes one who waits. */
export function admitToPlace(running: number, waiting: number, limit: ConcurrencyLimit): 'run' | 'wait' | 'refuse' {
  if (running < limit.maxConcurrent && waiting === 0) return 'run'
  return waiting < limit.maxWaiting ? 'wait' : 'refuse'
}

const KNOWN = [...MAILBOX_OPTIONS, 'maxConcurrent', 'maxWaiting']

export class ConcurrencyLimitInvoker extends Invoker {
  readonly #limit: ConcurrencyLimit
  readonly #room: WaitingRoom
  #running = 0

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  constructor(options: ConcurrencyLimitOptions, next?: Invoker) {
    requireOptions('ConcurrencyLimitInvoker', options, KNOWN)
    const { maxConcurrent, maxWaiting = 16_384, ...mailbox } = options
    super(mailbox, next)
    requireNumber('maxConcurrent', maxConcurrent, { from: 1, isWhole: true })
    requireNumber('maxWaiting', maxWaiting, { from: 1 })
    this.#limit = { maxConcurrent, maxWaiting }
    this.#room = new WaitingRoom(this.queue, maxWaiting)
    this.queue.addLayer(this)
  }

  /** Calls on their way. */
  get running(): number {
    return this.#running
  }

  /** Calls that wait for a place. */
  get waiting(): number {
    return this.#room.size
  }

  /** @internal */
  sendAll(): void {
    this.#room.releaseAll()
  }

  override invoke(request: CallRequest): Promise<unknown> {
    return this.#pass(request, (admitted) => {
      this.#running++
      return watch(
        () => super.invoke(admitted),
        () => this.#leave(),
        false,
      )
    })
  }

  override stream(request: CallRequest): RemoteStream<unknown> {
    return new GatedStream(
      (begin) =>
        this.#pass(request, (admitted) => {
          this.#running++
          return begin(super.stream(admitted))
        }),
      () => this.#leave(),
      false,
    )
  }

  #pass(request: CallRequest, send: Send): Promise<unknown> {
    if (this.queue.refuses(request)) return send(request)
    const waiting = this.#room.size
    switch (admitToPlace(this.#running, waiting, this.#limit)) {
      case 'run':
        return send(request)
      case 'wait':
        return this.#room.hold(request, send)
      case 'refuse':
        return Promise.reject(new MailboxFullError(request.service, waiting, this.#limit.maxWaiting))
    }
  }

  #leave(): void {
    this.#running--
    if (this.#running < this.#limit.maxConcurrent) this.#room.release()
  }
}
