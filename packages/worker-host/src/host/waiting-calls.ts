/**
 * What has come to a thread and waits for its turn, in the order in which it came: calls, and what must not overtake them.
 *
 *     call    begins when those before it have, and there may be one more; nobody may wait for it any more by then
 *     order   changes what later calls find: a link, or a call of something that the service has given; it has a turn only
 *             behind calls that the thread has put off by itself, and none behind those that a pause or another call holds up
 *     fence   tells that all before it have begun
 */
import type { ReceivedExtras } from '../service/call-scope.ts'

export interface WaitingCall {
  readonly kind: 'call'
  readonly id: number
  readonly method: number
  readonly args: unknown[]
  readonly extras: ReceivedExtras | undefined
  /** Nobody waits for it any more: a stream whose reader has left, or a call that was cancelled. */
  hasLeft: boolean
}

export interface WaitingOrder {
  readonly kind: 'order'
  run(): void
  /** It is not run after all. */
  drop?(): void
  /** Whose port it brings. */
  readonly caller?: string
}

interface WaitingFence {
  readonly kind: 'fence'
  run(): void
}

export type Waiting = WaitingCall | WaitingOrder | WaitingFence

export class WaitingCalls {
  #queue: Waiting[] = []
  /** Place of the first. */
  #head = 0
  #orders = 0

  get isEmpty(): boolean {
    return this.#head === this.#queue.length
  }

  push(waiting: Waiting): void {
    this.#queue.push(waiting)
    if (waiting.kind === 'order') this.#orders++
  }

  /** Takes the first out, before anything is done with it: that may lead back here. */
  shift(): Waiting | undefined {
    if (this.isEmpty) return undefined
    const first = this.#queue[this.#head++]!
    if (first.kind === 'order') this.#orders--
    if (this.isEmpty || this.#head === 1_024) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return first
  }

  call(id: number): WaitingCall | undefined {
    for (let at = this.#head; at < this.#queue.length; at++) {
      const waiting = this.#queue[at]!
      if (waiting.kind === 'call' && waiting.id === id) return waiting
    }
    return undefined
  }

  /** Takes out all others. */
  retain(isKept: (waiting: Waiting) => boolean): void {
    const waiting = this.#queue.slice(this.#head)
    this.#queue = []
    this.#head = this.#orders = 0
    for (const each of waiting) {
      if (isKept(each)) this.push(each)
      else if (each.kind === 'order') each.drop?.()
    }
  }

  /** What waits for no call's end is done now. */
  runOrders(): void {
    if (this.#orders === 0) return
    const orders = this.#queue.slice(this.#head).filter((waiting) => waiting.kind === 'order')
    this.#queue = this.#queue.slice(this.#head).filter(({ kind }) => kind !== 'order')
    this.#head = this.#orders = 0
    for (const order of orders) order.run()
  }
}
