/**
 * Calls that a layer holds back, in the order they came. Each leaves in one of three ways: the layer lets it go, its
 * caller's signal aborts it, or its time is over. Time spent here counts: what is sent on has only the rest of it. A stop
 * that drains lets it go on from here: it is sent on as admitted.
 */
import { Call, type CallRequest } from '../calls/call.ts'
import type { CallQueue } from '../calls/call-queue.ts'
import { Mailbox } from '../calls/mailbox.ts'

/** Sends a call on. */
export type Send = (request: CallRequest) => Promise<unknown>

export class HeldCall {
  readonly outcome: Promise<unknown>
  readonly #queue: CallQueue
  readonly #call: Call
  readonly #send: Send

  /** @param onLeft it has been aborted, or its time is over */
  constructor(queue: CallQueue, request: CallRequest, send: Send, onLeft: () => void) {
    this.#queue = queue
    this.#send = send
    this.#call = new Call(request, request.args, queue.time)
    this.#call.holdArguments()
    this.outcome = this.#call.promise()
    if (!this.#call.listen()) return
    queue.watchFollower(this.#call)
    this.#call.holder = {
      abandon: () => {
        queue.forgetFollower(this.#call)
        onLeft()
        queue.noteLeft()
      },
    }
  }

  get isHeld(): boolean {
    return !this.#call.isSettled
  }

  /** Sends it on. @returns false if there was nothing to send: it has left, or is late */
  release(): boolean {
    if (!this.isHeld) return false
    const { terms, args, deadlineMs } = this.#call
    this.#queue.forgetFollower(this.#call)
    this.#call.holder = undefined
    const nowMs = this.#queue.time.now()
    if (deadlineMs <= nowMs) {
      this.#call.expire(nowMs)
      this.#queue.noteLeft()
      return false
    }
    const timeoutMs = this.#queue.time.leftUntil(deadlineMs)
    try {
      this.#call.succeed(this.#send({ ...terms, args, timeoutMs, isAdmitted: true }))
    } catch (error) {
      this.#call.fail(() => error)
    }
    return true
  }
}

export class WaitingRoom {
  readonly #queue: CallQueue
  readonly #onLeft: () => void
  readonly #waiting: Mailbox<HeldCall>
  /** Of those in the list, how many have left: they are passed over. */
  #left = 0

  /** @param onLeft a call has been aborted, or its time is over */
  constructor(queue: CallQueue, capacity: number, onLeft: () => void = () => {}) {
    this.#queue = queue
    this.#onLeft = onLeft
    this.#waiting = new Mailbox(capacity)
  }

  get size(): number {
    return this.#waiting.size - this.#left
  }

  /** Holds a call back until it is released. There must be room for it. */
  hold(request: CallRequest, send: Send): Promise<unknown> {
    const held = new HeldCall(this.#queue, request, send, () => {
      this.#left++
      this.#onLeft()
    })
    if (held.isHeld && !this.#waiting.push(held)) {
      this.#waiting.putBack(this.#waiting.clear().filter(({ isHeld }) => isHeld))
      this.#left = 0
      this.#waiting.push(held)
    }
    return held.outcome
  }

  /** Sends the one on that has waited longest. */
  release(): void {
    for (let held = this.#waiting.shift(); held !== undefined; held = this.#waiting.shift()) {
      if (!held.isHeld) this.#left--
      else if (held.release()) return
    }
  }

  releaseAll(): void {
    const all = this.#waiting.clear()
    this.#left = 0
    for (const held of all) held.release()
  }
}
