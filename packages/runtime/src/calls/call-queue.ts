/**
 * Between an invoker and the threads: the mailbox, the links that it is emptied to, and whether it is emptied at all.
 * At most `window` calls are at each thread; the rest waits here, on the owner's side, where it survives a crash.
 */
import { BadOptionsError, MailboxFullError } from '@troupe/worker-host'
import type { Call } from './call.ts'
import type { CallLink } from './call-link.ts'
import { Mailbox } from './mailbox.ts'

export interface CallQueueOptions {
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
  /**
   * Calls run one after another in the service's thread.
   * @defaultValue false
   */
  readonly isSerialized?: boolean
}

type Refusal = (call: Call) => Error

export class CallQueue {
  readonly isSerialized: boolean
  readonly window: number
  readonly #mailbox: Mailbox<Call>
  #links: readonly CallLink[] = []
  /** Set while calls are refused. */
  #refusal: Refusal | undefined
  #isHeld = true
  #bound: { readonly pool: object; readonly service: string } | undefined

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  constructor({ capacity = 16_384, window = 256, isSerialized = false }: CallQueueOptions) {
    requireCount('capacity', capacity)
    requireCount('window', window)
    this.isSerialized = isSerialized
    this.window = window
    this.#mailbox = new Mailbox(capacity)
  }

  /** Calls that wait. */
  get size(): number {
    return this.#mailbox.size
  }

  /** One mailbox serves one service of one pool. */
  bind(pool: object, service: string): void {
    const bound = this.#bound
    if (bound !== undefined && (bound.pool !== pool || bound.service !== service)) {
      throw new BadOptionsError(
        `an invoker serves one service: this one serves "${bound.service}", not "${service}" too`,
      )
    }
    this.#bound = { pool, service }
  }

  /** Sends the call, has it wait, or fails it. */
  accept(call: Call): void {
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

  /** The threads that calls can be sent to, as of now. */
  connect(links: readonly CallLink[]): void {
    this.#links = links
    this.pump()
  }

  /** Calls are sent to the threads from now on, or wait. */
  setFlow(flow: 'send' | 'hold'): void {
    this.#isHeld = flow === 'hold'
    this.pump()
  }

  /** New calls are taken again. */
  admit(): void {
    this.#refusal = undefined
  }

  /** New calls are refused; those that wait stay. */
  refuse(refusal: Refusal): void {
    this.#refusal = refusal
  }

  /** Those that wait fail. */
  failWaiting(refusal: Refusal): void {
    for (const call of this.#mailbox.clear()) call.fail(() => refusal(call))
  }

  /** Calls that were sent and had not begun go back to where they came from. */
  putBack(calls: readonly Call[]): void {
    this.#mailbox.putBack(calls)
  }

  /** Sends what waits, as far as there is room. */
  pump(): void {
    while (this.#mailbox.size > 0) {
      const link = this.#isHeld ? undefined : leastPending(this.#links)
      if (link === undefined) return
      link.send(this.#mailbox.shift()!)
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

function requireCount(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return
  throw new BadOptionsError(`an invoker's "${name}" must be a whole number of calls from 1, found ${String(value)}`)
}
