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
  type Channel,
  type LinkOrder,
  type Outbox,
  type PassedCall,
  parentOf,
  Request,
} from '@troupe/worker-host/owner'
import type { Call } from './call.ts'
import type { KnownMethod, MethodBook } from './method-book.ts'

export interface OtherCallersOptions {
  readonly service: string
  readonly owner: ContextId
  readonly port: Channel
  readonly outbox: Outbox
  readonly methods: MethodBook
  /** Calls at the thread at any time. */
  readonly window: number
}

/**
 * Among more calls a result goes by the owner: there its message is shared with others, and no thread is woken for it alone.
 * @source docs/decisions/0091
 */
const STRAIGHT_AMONG = 16

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

  /**
   * Where the result of a call goes straight to; undefined when it comes by the owner. A cast has none, and by another name
   * than this service's own its caller would not know where it is from.
   * @param running how many calls the thread has, as far as the log was read
   */
  placeOf(
    { request: { passed, caller } }: Call,
    { description }: KnownMethod,
    running: number,
  ): PassedCall | undefined {
    if (this.#log === undefined || passed === undefined || description.isCast) return undefined
    if (running - this.#log.unread > STRAIGHT_AMONG) return undefined
    return passed.straightFrom === this.#options.service && this.#answered.has(caller) ? passed : undefined
  }

  /**
   * The calls that were answered straight since the last time. Whoever finds here that others still run is told when that
   * changes.
   */
  readAnswered(running: number): readonly number[] {
    const log = this.#log
    if (log === undefined) return NONE
    const ids = log.read()
    log.want(running > ids.length)
    return [...ids, ...log.read()] // the latter were written before the thread could know that this is wanted
  }

  /** The same, when the thread has told of it. */
  takeTold(): readonly number[] {
    this.#log?.want(false)
    return this.#log?.read() ?? NONE
  }

  #tell(operation: number, order: LinkOrder | AnswerOrder): void {
    const { outbox, port } = this.#options
    outbox.flush()
    port.postMessage([operation, 0, order], [order.port])
  }
}
