/**
 * What a thread is told of callers other than its owner: which calls are whose; that one has a port of its own, by which its
 * calls come, or one by which it gets the results of those that the owner passes on.
 *
 * Such a result never comes by here. Which calls were answered so stands in a log, which is read when that matters; the
 * thread tells of it when it was waited for, or when there is much.
 */
import { MessagePort } from 'node:worker_threads'
import type { ContextId } from '@troupe/worker-host'
import {
  AnsweredLog,
  type AnswerOrder,
  type AnswerPlace,
  type Channel,
  type LinkOrder,
  type Outbox,
  parentOf,
  Request,
} from '@troupe/worker-host/owner'
import type { Call } from './call.ts'
import type { MethodBook } from './method-book.ts'

export interface OtherCallersOptions {
  readonly service: string
  readonly owner: ContextId
  readonly port: Channel
  readonly outbox: Outbox
  readonly methods: MethodBook
  /** Calls at the thread at any time. */
  readonly window: number
}

/** Of a call that is answered straight, its arguments are kept until the log is read: of up to 64. @unit UTF-16 letters, or bytes */
const MAX_KEPT = 4_096

/** With a larger window, what was answered would take much room. */
const MAX_WINDOW = 65_536

const NONE: readonly number[] = []

export class OtherCallers {
  readonly #options: OtherCallersOptions
  /** Those whom the thread has been told of, with their numbers; the owner has 0. */
  readonly #numbers: Map<ContextId, number>
  /** Who mostly makes the next call too. */
  #last: { readonly id: ContextId; readonly offset: number }
  /** To whom results go straight. */
  readonly #answered = new Set<ContextId>()
  /** Undefined while there is nobody to answer. */
  #log: AnsweredLog | undefined

  constructor(options: OtherCallersOptions) {
    this.#options = options
    this.#numbers = new Map([[options.owner, 0]])
    this.#last = { id: options.owner, offset: 0 }
  }

  /** A caller's calls have method numbers of their own, so that a call says who made it without a word more. */
  offsetOf(caller: ContextId): number {
    if (this.#last.id === caller) return this.#last.offset
    const { outbox, methods } = this.#options
    let number = this.#numbers.get(caller)
    if (number === undefined) {
      number = this.#numbers.size
      this.#numbers.set(caller, number)
      outbox.putValue(Request.Caller, number, caller)
    }
    const offset = number * methods.size
    this.#last = { id: caller, offset }
    return offset
  }

  /** A port can't be sent to another process. */
  get canLend(): boolean {
    return this.#options.port instanceof MessagePort
  }

  /** Gives a caller a port to the same service; calls that were sent before are ahead of its calls. */
  lend(order: LinkOrder): void {
    this.#tell(Request.Link, order)
  }

  /** Takes the caller's port away, whatever it does. */
  unlink(caller: ContextId): void {
    this.#options.outbox.putFixed(Request.Unlink, 0, caller)
  }

  /** Whether results can go straight to that caller: to one that is a single step away. */
  canAnswer(caller: ContextId): boolean {
    const { owner, window } = this.#options
    return this.canLend && parentOf(caller) === owner && window <= MAX_WINDOW
  }

  /** Has results go straight to a caller whose calls are passed on. */
  answerAt(caller: ContextId, port: MessagePort): void {
    this.#log ??= AnsweredLog.open(this.#options.window)
    this.#tell(Request.Answers, { caller, port, log: this.#log.words })
    this.#answered.add(caller)
  }

  /** Its results come by the owner again. */
  answerHere(caller: ContextId): void {
    this.#answered.delete(caller)
  }

  /** Where the result of a call goes straight to; undefined when it comes by the owner. */
  placeOf({ terms, args }: Call): AnswerPlace | undefined {
    const { passed, caller } = terms
    if (this.#log === undefined || passed?.place === undefined || !this.#answered.has(caller)) return undefined
    // By another name its caller would not know where it is from.
    return passed.straightFrom === this.#options.service && weightOf(args) <= MAX_KEPT ? passed.place : undefined
  }

  /** The calls that were answered straight since the last time. */
  readAnswered(): readonly number[] {
    return this.#log?.read() ?? NONE
  }

  /** Has the thread tell when it answers the next one so, or no more. What it answered before that may not be told. */
  wantAnswered(isWanted: boolean): void {
    this.#log?.want(isWanted)
  }

  #tell(operation: number, order: LinkOrder | AnswerOrder): void {
    const { outbox, port } = this.#options
    outbox.flush()
    port.postMessage([operation, 0, order], [order.port])
  }
}

/** Roughly what they take: of lists and plain objects, what is in them, and of all else more than is kept. */
function weightOf(value: unknown, depth = 3): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  if (value instanceof Uint8Array) return value.byteLength
  const prototype: unknown = Object.getPrototypeOf(value)
  if (depth === 0 || (prototype !== Object.prototype && prototype !== Array.prototype)) return Number.POSITIVE_INFINITY
  let weight = 1
  for (const field of Object.values(value)) weight += weightOf(field, depth - 1)
  return weight
}
