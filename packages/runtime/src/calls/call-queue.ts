/**
 * Between an invoker and the threads: the mailbox, the links that it is emptied to, and whether it is emptied at all.
 * At most `window` calls are at each thread; the rest waits here, on the owner's side, where it survives a crash.
 */
import { BadOptionsError, MailboxFullError, messageOf } from '@troupe/worker-host'
import type { Call, CallHolder, CallTerms } from './call.ts'
import type { DeadlineWatch, Expiring } from './deadline-watch.ts'
import { Mailbox } from './mailbox.ts'
import { systemTurnClock, type TurnClock } from './turn-clock.ts'

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

/** Where calls that wait are sent: a link to a thread. */
export interface CallSink {
  readonly pending: number
  readonly hasRoom: boolean
  send(call: Call): void
  expire(nowMs: number): number
}

type Refusal = (call: Call) => Error

/** A layer around the queue that holds calls back. */
export interface HoldingLayer {
  /** Calls that it holds. */
  readonly waiting: number
  /** Sends them on at once, to be refused. */
  sendAll(): void
}

/** Below this a sweep is not worth its walk. */
const SWEEP_FROM = 64

export class CallQueue implements CallHolder, Expiring {
  readonly isSerialized: boolean
  readonly window: number
  /** The pool's, once it is bound to one. */
  time: TurnClock = systemTurnClock
  readonly #mailbox: Mailbox<Call>
  #links: readonly CallSink[] = []
  /** Set while calls are refused. */
  #refusal: Refusal | undefined
  /** What layers had taken before is let through. */
  #isDraining = false
  readonly #layers: HoldingLayer[] = []
  /** Methods that layers were told of, and those of which they make calls of others. */
  readonly #named = new Set<string>()
  readonly #replaced = new Set<string>()
  #onLeft: (() => void) | undefined
  #isHeld = true
  /** Calls in the mailbox that nobody waits for any more. */
  #abandoned = 0
  readonly #followers = new Set<Call>()
  #watch: DeadlineWatch | undefined
  #bound: { readonly pool: object; readonly service: string } | undefined

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  constructor({ capacity = 16_384, window = 256, isSerialized = false }: CallQueueOptions) {
    requireCount('capacity', capacity)
    requireCount('window', window)
    this.isSerialized = isSerialized
    this.window = window
    this.#mailbox = new Mailbox(capacity)
  }

  /** Calls that wait, in the mailbox and in the layers around it. */
  get waiting(): number {
    return this.#layers.reduce((sum, layer) => sum + layer.waiting, this.#mailbox.size - this.#abandoned)
  }

  /** One mailbox serves one service of one pool, whose watch tells it when calls are late. */
  bind(pool: object, service: string, watch: DeadlineWatch): void {
    const bound = this.#bound
    if (bound !== undefined && (bound.pool !== pool || bound.service !== service)) {
      throw new BadOptionsError(
        `an invoker serves one service: this one serves "${bound.service}", not "${service}" too`,
      )
    }
    this.#bound = { pool, service }
    this.#watch = watch
    this.time = watch.time
    watch.add(this)
  }

  /** Its service is gone, and with it the calls that could be late. */
  unbind(): void {
    this.#watch?.remove(this)
  }

  /** A layer was told of these methods. */
  nameMethods(methods: Iterable<string>): void {
    for (const method of methods) this.#named.add(method)
  }

  /** A layer makes calls of others out of those of these methods: the service need not have them. */
  replaceMethods(methods: Iterable<string>): void {
    for (const method of methods) this.#replaced.add(method)
  }

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS when a layer was told of a method that is called and not exposed */
  requireExposed(service: string, exposed: readonly string[]): void {
    const unknown = [...this.#named].filter((method) => !exposed.includes(method) && !this.#replaced.has(method))
    if (unknown.length === 0) return
    throw new BadOptionsError(
      `the invoker of "${service}" is for "${unknown.join('", "')}", the service exposes: ${exposed.join(', ') || 'nothing'}`,
    )
  }

  /** Sends the call, has it wait, or fails it. */
  accept(call: Call): void {
    const refusal = this.#refusal
    if (refusal !== undefined && this.refuses(call.terms)) return call.fail(() => refusal(call))
    if (!call.listen()) return
    if (call.deadlineMs !== Number.POSITIVE_INFINITY) this.#watch?.expect(call.deadlineMs)
    if (!this.#isHeld && this.#mailbox.size === 0) {
      const link = leastPending(this.#links)
      if (link !== undefined) return link.send(call)
    }
    call.holder = this
    call.holdArguments()
    if (this.#mailbox.push(call)) return
    this.#sweep()
    if (this.#mailbox.push(call)) return
    const { size, capacity } = this.#mailbox
    call.fail(() => new MailboxFullError(call.terms.service, size, capacity))
  }

  /** A call that waits is of no more use: it is passed over, and its place given back before the mailbox is full. */
  abandon(): void {
    this.#abandoned++
    if (this.#abandoned > SWEEP_FROM && this.#abandoned * 2 > this.#mailbox.size) this.#sweep()
  }

  /** `expire` has something to do at that time. */
  expectDeadline(atMs: number): void {
    this.#watch?.expect(atMs)
  }

  /** For a call that waits for the outcome of another, and is not in the mailbox itself: so that it can be late. */
  watchFollower(call: Call): void {
    this.#followers.add(call)
    if (call.deadlineMs !== Number.POSITIVE_INFINITY) this.#watch?.expect(call.deadlineMs)
  }

  forgetFollower(call: Call): void {
    this.#followers.delete(call)
  }

  expire(nowMs: number): number {
    let earliestMs = Number.POSITIVE_INFINITY
    const check = (call: Call): void => {
      if (call.isSettled) return
      if (call.deadlineMs <= nowMs) call.expire(nowMs)
      else earliestMs = Math.min(earliestMs, call.deadlineMs)
    }
    const waiting: Call[] = []
    this.#mailbox.forEach((call) => void waiting.push(call)) // a copy: an expired call may have the mailbox swept
    for (const call of waiting) check(call)
    for (const call of [...this.#followers]) check(call)
    for (const link of this.#links) earliestMs = Math.min(earliestMs, link.expire(nowMs))
    return earliestMs
  }

  /** The threads that calls can be sent to, as of now. */
  connect(links: readonly CallSink[]): void {
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
    this.#isDraining = false
  }

  /** New calls are refused; those that wait here or in a layer go on. */
  drain(refusal: Refusal): void {
    this.#refusal = refusal
    this.#isDraining = true
  }

  /** New calls are refused, and those that a layer holds; what waits here stays. */
  refuse(refusal: Refusal): void {
    this.#refusal = refusal
    this.#isDraining = false
    for (const layer of this.#layers) layer.sendAll()
  }

  get isRefusing(): boolean {
    return this.#refusal !== undefined
  }

  refuses({ isAdmitted }: Pick<CallTerms, 'isAdmitted'>): boolean {
    return this.#refusal !== undefined && !(this.#isDraining && isAdmitted === true)
  }

  addLayer(layer: HoldingLayer): void {
    this.#layers.push(layer)
  }

  /** Sets what is told when a call has left a layer without being sent on. */
  watchLeft(onLeft: () => void): void {
    this.#onLeft = onLeft
  }

  noteLeft(): void {
    this.#onLeft?.()
  }

  /** Those that wait fail. */
  failWaiting(refusal: Refusal): void {
    const waiting = this.#mailbox.clear()
    this.#abandoned = 0
    for (const call of waiting) call.fail(() => refusal(call))
  }

  /** Calls that were sent and had not begun go back to where they came from. */
  putBack(calls: readonly Call[]): void {
    for (const call of calls) call.holder = this
    this.#mailbox.putBack(calls)
  }

  /** Sends what waits, as far as there is room. */
  pump(): void {
    while (this.#mailbox.size > 0) {
      const link = this.#isHeld ? undefined : leastPending(this.#links)
      if (link === undefined) return
      const call = this.#mailbox.shift()!
      if (call.isSettled) this.#abandoned--
      else link.send(call)
    }
  }

  /** Sends all that waits to that one, whether it has room or not. */
  empty(link: CallSink): void {
    for (const call of this.#mailbox.clear()) if (!call.isSettled) link.send(call)
    this.#abandoned = 0
  }

  #sweep(): void {
    if (this.#abandoned === 0) return
    const waiting = this.#mailbox.clear().filter((call) => !call.isSettled)
    this.#mailbox.putBack(waiting)
    this.#abandoned = 0
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
  throw new BadOptionsError(`an invoker's "${name}" must be a whole number of calls from 1, found ${messageOf(value)}`)
}
