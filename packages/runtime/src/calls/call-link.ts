/**
 * The owner's end of a call port: sends calls to one thread, and settles them by its replies or by its death.
 *
 * Ids are places in an array, used again once their call is settled. A link lives as long as its thread, so a reply can
 * never meet a call of another incarnation.
 */
import {
  type ContextId,
  NoSuchMethodError,
  NotAuthorizedError,
  RevokedError,
  ServiceCrashedError,
} from '@troupe/worker-host'
import {
  type AnswerPlace,
  asTurn,
  type Batch,
  type BegunCount,
  type Channel,
  Exchange,
  encodeThrown,
  FLUSH_WORDS,
  type ItemBatch,
  type Lowered,
  MARKED,
  type MakeError,
  type Outbox,
  REPLY_WORDS,
  Reply,
  Request,
  type RouteDeclaration,
  reasonOf,
  refusal,
  requestOutbox,
  type SentExtras,
  type ThrownData,
  unheard,
  ValueExchange,
} from '@troupe/worker-host/owner'
import type { Death } from '../contexts/host-link.ts'
import { AbandonedCalls } from './abandoned-calls.ts'
import { AnswerReceiver } from './answer-receiver.ts'
import type { Call, CallHolder, RefusedCall } from './call.ts'
import type { Expiring } from './deadline-watch.ts'
import { admits, type KnownMethod, type MethodBook } from './method-book.ts'
import { OtherCallers } from './other-callers.ts'
import { rebuildThrown } from './rejection.ts'
import type { TurnClock } from './turn-clock.ts'

export interface CallLinkOptions {
  readonly service: string
  readonly context: ContextId
  /** Whom the other end takes a call for where it is not told otherwise. */
  readonly owner: ContextId
  readonly port: Channel
  readonly methods: MethodBook
  /** What of a call's surroundings is sent with it. */
  readonly extrasOf: (call: Call, nowMs: number) => SentExtras | undefined
  /** Calls at the thread at any time; streams are not counted. */
  readonly window: number
  /** The host's count of calls begun; without it every call that was sent may have. */
  readonly begun: BegunCount | undefined
  readonly time: TurnClock
  /** Replies have come: there is room for more calls. */
  readonly onRoom: () => void
  /** `expire` has something to do at that time. */
  readonly onDeadline: (atMs: number) => void
  /** A call was aborted, and its method has gone on for longer than it may. */
  readonly onOverdue: (call: Call) => void
  /** A policy does not admit the caller: the method has not run. Absent where others are told of it. */
  readonly onRefused?: (call: RefusedCall) => void
  /** Who refuses the call of a caller that the policies don't admit, and tells of it. @defaultValue this end */
  readonly judge?: { send(call: Call): void }
}

const CALLS: readonly unknown[] = [Request.Call, Request.CallWith, Request.CallFor]

export class CallLink implements CallHolder, Expiring {
  /** Who else calls, or is answered, there. */
  readonly others: OtherCallers
  readonly #options: CallLinkOptions
  readonly #outbox: Outbox
  readonly #values: ValueExchange
  /** By id; a free place holds undefined and stands in `#free`. */
  readonly #calls: (Call | undefined)[] = []
  /** By id: when it left; not for one that has no deadline. */
  readonly #sentAtMs: number[] = []
  readonly #free: number[] = []
  readonly #abandoned = new AbandonedCalls()
  /** Calls that can be sent only once: something of their arguments was moved. */
  readonly #spent = new WeakSet<Call>()
  /** By call: the error that explains why it still waits for a service that is not there. */
  readonly #lateOf = new WeakMap<Call, unknown>()
  readonly #answers = new AnswerReceiver({
    catchUp: () => void (this.#isAlone() || this.#catchUp()),
    onAnswer: (call, value) => this.#takeAnswer(call, value),
  })
  /** Called when the calls before them have begun. */
  readonly #fences: (() => void)[] = []
  #sent = 0
  #running = 0
  /** Calls whose results may go past here. */
  readonly #straight = new Set<Call>()
  #streams = 0
  #succeeded = 0
  #failed = 0

  constructor(options: CallLinkOptions) {
    this.#options = options
    this.#values = new ValueExchange(`service "${options.service}"`, 'calls')
    this.#outbox = requestOutbox({
      port: options.port,
      lower: (values, record) => this.#lower(values, record),
      lagMs: () => options.time.lagMs(),
      onRefused: (record, reason) => this.#refuse(record, reason),
    })
    this.#values.connect(this.#outbox, options.port.carries)
    this.others = new OtherCallers({ ...options, outbox: this.#outbox })
    const receive = asTurn((batch: Batch) => {
      this.#answers.catchUp()
      const mayHaveMore = this.#passesOn(batch)
      this.#receive(batch)
      if (mayHaveMore) this.#catchUp()
    })
    options.port.on('message', receive)
  }

  /** Calls and streams that the thread has and has not answered. */
  get pending(): number {
    if (this.#running > 0) this.#awaitAnswered()
    return this.#running + this.#streams
  }

  get hasRoom(): boolean {
    if (this.#running >= this.#options.window) this.#awaitAnswered()
    return this.#running < this.#options.window
  }

  get succeeded(): number {
    this.#readAnswered()
    return this.#succeeded
  }

  get failed(): number {
    return this.#failed
  }

  /** Sends the call, or fails it: an unknown method, and a caller whom its policies don't admit, never leave here. */
  send(call: Call): void {
    const { service, method: name, caller } = call.terms
    const { methods, judge, context } = this.#options
    const method = methods.find(call.terms)
    if (method === undefined) return call.fail(() => new NoSuchMethodError(service, name))
    if (!admits(method, caller, context, service))
      return judge === undefined ? this.#refuseCaller(call) : judge.send(call)
    if (method.description.isStream && call.stream === undefined) call.becomeStream()
    const id = this.#free.pop() ?? this.#calls.length
    this.#calls[id] = call
    call.ordinal = this.#sent = (this.#sent + 1) | 0
    if (call.stream === undefined) this.#running++
    else this.#streams++
    call.id = id
    call.holder = this
    const nowMs = call.deadlineMs === Number.POSITIVE_INFINITY ? 0 : this.#options.time.turnMs()
    this.#sentAtMs[id] = nowMs
    const number = method.number + (methods.size === 0 ? 0 : this.others.offsetOf(caller))
    const place = this.#placeOf(call, method)
    this.#outbox.putCall(id, number, call.args, this.#options.extrasOf(call, nowMs), place)
    if (method.description.isCast) call.handOver()
    if (call.stream !== undefined && this.#calls[id] === call) this.#attach(call)
  }

  /** Tells the other end what a method's number stands for, before the calls that are sent after it. */
  declare(number: number, route: RouteDeclaration): void {
    this.#outbox.putValue(Request.Route, number, route)
  }

  /** Where results come straight from their services' threads. */
  get answers(): Pick<AnswerReceiver, 'open' | 'close'> {
    return this.#answers
  }

  /** Resolves when every call that was sent before has begun; never, when the thread dies first. */
  fence(): Promise<void> {
    this.#outbox.put(Request.Fence, 0, 0)
    return new Promise((resolve) => this.#fences.push(resolve))
  }

  /**
   * The thread is gone. Replies that it had posted still count; then the calls that had begun fail, and those that had
   * not, which can be sent again elsewhere, are given back in the order they were sent; but for those that have given
   * away what can't be given twice.
   * @param make what those that had begun fail with @defaultValue a ServiceCrashedError
   */
  close(death: Death, make?: () => Error): Call[] {
    const { port, service } = this.#options
    this.#answers.catchUp()
    this.#catchUp()
    this.#readAnswered()
    this.#answers.closeAll()
    // Looked at once: where others live in the thread, it goes on, and counts.
    const begun = new Set(this.#calls.filter((call) => call !== undefined && this.#hasBegun(call)))
    const isLost = (call: Call): boolean => begun.has(call) || this.#spent.has(call)
    for (const call of this.#calls) if (call !== undefined && !isLost(call)) this.#values.giveBack(call.id)
    this.#values.close(() => new ServiceCrashedError(service, { ...death, mayHaveRun: true }))
    port.close()
    const left = this.#takeAll()
    for (const call of left.filter(isLost)) {
      this.#failed++
      const mayHaveRun = begun.has(call)
      call.fail(make ?? (() => new ServiceCrashedError(service, { ...death, call: call.subject, mayHaveRun })))
    }
    return left.filter((call) => !isLost(call))
  }

  /** The thread is told that nobody waits for the call; until it has answered all the same, the call keeps its place. */
  abandon(call: Call, reason: unknown): void {
    this.#readAnswered()
    if (this.#calls[call.id] !== call) return
    this.#answers.forget(call)
    this.#calls[call.id] = undefined
    this.#values.endCall(call.id)
    this.#failed++
    const { killAfterMs = Number.POSITIVE_INFINITY } = this.#options.methods.find(call.terms)!.description
    const killAtMs = this.#options.time.now() + killAfterMs
    this.#abandoned.add(call.id, call, killAtMs)
    this.#options.onDeadline(killAtMs)
    this.#outbox.putValue(Request.Cancel, call.id, encodeThrown(reason))
  }

  expire(nowMs: number): number {
    this.#readAnswered()
    let earliestMs = Number.POSITIVE_INFINITY
    for (const call of this.#calls) {
      if (call === undefined) continue
      if (call.deadlineMs <= nowMs) this.#expire(call, nowMs)
      else earliestMs = Math.min(earliestMs, call.deadlineMs)
    }
    const overdueMs = this.#abandoned.expire(nowMs, (call) => {
      if (this.#hasBegun(call)) this.#options.onOverdue(call) // one that has not is passed over in its turn
    })
    return Math.min(earliestMs, overdueMs)
  }

  #expire(call: Call, nowMs: number): void {
    const why = this.#lateOf.get(call)
    const hasBegun = why === undefined && this.#hasBegun(call)
    call.expire(nowMs, hasBegun ? this.#sentAtMs[call.id] : undefined, why)
  }

  /** Fails all that the thread has not answered; replies that come later are dropped. */
  failAll(make: (call: Call) => Error): void {
    this.#readAnswered()
    this.#values.failPending(() => new RevokedError(`service "${this.#options.service}"`, 'it stops'))
    this.#options.port.once('close', () => this.#values.close()) // the thread may yet call what it holds
    for (const call of this.#takeAll()) {
      this.#failed++
      call.fail(() => make(call))
    }
  }

  #lower(values: readonly unknown[], record: readonly unknown[]): Lowered | undefined {
    const lowered = this.#values.lower(values, record)
    const isCall = record[0] === Request.Call || record[0] === Request.CallWith
    const call = isCall ? this.#calls[record[1] as number] : undefined
    const isMoving = lowered !== undefined && lowered.transfer.length > 0 && this.#options.port.carries === undefined
    if (call !== undefined && isMoving) this.#spent.add(call) // to a process go copies
    return lowered
  }

  #attach({ id, stream }: Call): void {
    stream?.attach({
      grant: (items, bytes) => this.#outbox.put(Request.Credit, id, items, bytes),
      leave: () => this.#outbox.put(Request.Return, id),
    })
  }

  /** The call has returned a stream; one that was sent before, by a link that is gone, has been its reader's since then. */
  #becomeStream(call: Call): void {
    if (call.stream === undefined) {
      call.becomeStream()
      this.#running--
      this.#streams++
    }
    this.#attach(call)
  }

  /** Nothing but a single call is under way here: nothing that its result could overtake. */
  #isAlone(): boolean {
    return this.#running === 1 && this.#values.isIdle
  }

  /** A way marks the one call that may be answered straight; the thread is asked for that while nothing else is between the two. */
  #placeOf(call: Call, { description }: KnownMethod): AnswerPlace | undefined {
    if (this.#options.methods.size === 0) return this.#answers.placeOf(call)
    const isOnlyOne = this.#streams === 0 && this.#running - this.#straight.size === 1 && this.#values.isIdle
    const place = isOnlyOne && !description.isCast ? this.others.placeOf(call) : undefined
    if (place === undefined) return undefined
    this.#straight.add(call)
    return place
  }

  /**
   * Replies to calls that are passed on, so many that more are likely to have come: those are then passed on with them, which
   * wakes a third thread once and not for each. A caller here has its results sooner the other way.
   */
  #passesOn(batch: Batch): boolean {
    return batch.length >= FLUSH_WORDS && this.#calls[batch[1] as number]?.terms.passed !== undefined
  }

  /** Takes what has come and was not heard yet. */
  #catchUp(): void {
    for (const batch of unheard(this.#options.port)) this.#receive(batch as Batch)
  }

  #readAnswered(): void {
    for (const id of this.others.readAnswered()) this.#letGo(id)
  }

  /** Whoever finds here that calls still run is told when that changes. */
  #awaitAnswered(): void {
    this.#readAnswered()
    if (this.#straight.size === 0) return
    this.others.wantAnswered(true)
    this.#readAnswered() // what was answered before the thread could know that this is wanted
  }

  /** What can't be read is not ours. */
  #receive(batch: Batch): void {
    if (!Array.isArray(batch)) return
    for (let offset = 0; offset < batch.length; offset += REPLY_WORDS) {
      const operation = batch[offset] as number
      const id = batch[offset + 1] as number
      const value = batch[offset + 2]
      if (operation >= Exchange.Invoke && this.#values.receive(operation, id, value)) continue
      if (operation >= MARKED) this.#takeMarked(operation - MARKED, id, value)
      else this.#take(operation, id, value)
    }
    this.#options.onRoom()
  }

  /** A reply in whose value there are marks. */
  #takeMarked(operation: number, id: number, marked: unknown): void {
    let value: unknown
    try {
      value = this.#values.raise(marked)
    } catch (error) {
      if (operation === Reply.Item) this.#calls[id]?.abort(error)
      else this.#settle(Reply.Failure, id, encodeThrown(error))
      return
    }
    this.#take(operation, id, value)
  }

  #take(operation: number, id: number, value: unknown): void {
    const call = this.#calls[id]
    switch (operation) {
      case Reply.Item:
        call?.stream?.pushLive(value)
        break
      case Reply.Items:
        call?.stream?.push(value as ItemBatch)
        break
      case Reply.Stream:
        if (call !== undefined) this.#becomeStream(call)
        break
      case Reply.Refused:
        this.#tellRefused(value)
        break
      case Reply.Fence:
        this.#fences.shift()?.()
        break
      case Reply.Pending:
        if (call !== undefined) this.#notePending(call, value as ThrownData | undefined)
        break
      case Reply.Answered:
        this.others.wantAnswered(false)
        this.#readAnswered()
        break
      case Reply.Released:
        if (Array.isArray(value)) for (const released of value) this.#release(released as number)
        break
      default:
        this.#settle(operation, id, value)
    }
  }

  /** The call's result has gone straight to its caller. */
  #letGo(id: number): void {
    const call = this.#calls[id]
    if (call !== undefined && call.terms.passed === undefined) return // not one that could have been
    this.#free.push(id)
    if (call === undefined) return this.#forgetAbandoned(id, Reply.Answered)
    this.#calls[id] = undefined
    this.#forget(call)
    this.#succeeded++
    call.letGo()
  }

  /** The other end is done with the call, whose result has come past it: it was posted before. */
  #release(id: number): void {
    if (this.#calls[id] !== undefined) this.#answers.catchUp()
    const call = this.#calls[id]
    if (call === undefined) return this.#settle(Reply.Released, id, undefined)
    const { service } = call.terms
    this.#settle(
      Reply.Failure,
      id,
      encodeThrown(new ServiceCrashedError(service, { call: call.subject, mayHaveRun: true })),
    )
  }

  /** Its id is not free before the other end knows. */
  #takeAnswer(call: Call, value: unknown): void {
    this.#calls[call.id] = undefined
    this.#forget(call)
    this.#succeeded++
    call.succeed(value)
  }

  /** The thread is done with the call. */
  #settle(operation: number, id: number, value: unknown): void {
    const call = this.#calls[id]
    this.#free.push(id)
    if (call === undefined) return this.#forgetAbandoned(id, operation) // failed earlier; only now is its id free
    this.#calls[id] = undefined
    this.#answers.catchUpTo(call)
    this.#forget(call)
    if (operation === Reply.Result) {
      this.#succeeded++
      return call.succeed(value)
    }
    if (operation === Reply.Refusal) return this.#refuseCaller(call)
    this.#failed++
    const make: MakeError = (job) => rebuildThrown(value as ThrownData, job)
    if (operation === Reply.Unwound) call.stream?.unwind(make)
    call.fail(make)
  }

  /** At a port that the owner has lent. */
  #tellRefused(value: unknown): void {
    const [caller, method] = Array.isArray(value) ? value.map(String) : []
    if (method !== undefined) this.#options.onRefused?.({ service: this.#options.service, method, caller: caller! })
  }

  /** The other end knows why the call waits; so does the next one, when it is passed on from further away. */
  #notePending(call: Call, why: ThrownData | undefined): void {
    if (why === undefined) this.#lateOf.delete(call)
    else this.#lateOf.set(call, reasonOf(why))
    call.terms.passed?.wait(why)
  }

  #forgetAbandoned(id: number, operation: unknown): void {
    const call = this.#abandoned.take(id)
    if (call === undefined) return
    this.#forget(call)
    if (operation === Reply.Refusal) this.#options.onRefused?.(call.terms)
  }

  #refuseCaller(call: Call): void {
    const { service, method, caller } = call.terms
    this.#options.onRefused?.(call.terms)
    call.fail(() => new NotAuthorizedError(service, method, caller))
  }

  #forget(call: Call): void {
    this.#answers.forget(call)
    this.#values.endCall(call.id)
    this.#straight.delete(call)
    if (call.stream === undefined) this.#running--
    else this.#streams--
  }

  /** Counters wrap, so what is compared is their distance. */
  #hasBegun(call: Call): boolean {
    const { begun } = this.#options
    return begun === undefined || ((begun.value - call.ordinal) | 0) >= 0
  }

  #takeAll(): Call[] {
    const taken: Call[] = []
    this.#calls.forEach((call, id) => {
      if (call === undefined) return
      this.#calls[id] = undefined
      this.#forget(call)
      taken.push(call)
    })
    return taken.sort((a, b) => (a.ordinal - b.ordinal) | 0)
  }

  /** An argument that can't be cloned: the host never saw the call, so those sent after it count one less. */
  #refuse(record: Batch, reason: unknown): void {
    if (this.#values.refuse(record, reason)) return
    const id = record[1] as number
    const call = this.#calls[id]
    if (call === undefined || !CALLS.includes(record[0])) return
    this.#calls[id] = undefined
    this.#free.push(id)
    this.#forget(call)
    this.#failed++
    for (const other of this.#calls) {
      if (other && ((other.ordinal - call.ordinal) | 0) > 0) other.ordinal = (other.ordinal - 1) | 0
    }
    this.#sent = (this.#sent - 1) | 0
    const values = record.slice(4, 4 + call.args.length)
    const names = values.map((_, index) => `argument ${index}`)
    const { carries } = this.#options.port
    call.fail(() => refusal({ subject: `call of ${call.subject}`, values, names, reason, carries }))
  }
}
