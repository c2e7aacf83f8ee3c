/**
 * The thread's end of the call port: takes batches of requests, runs the methods, and sends the replies in batches.
 *
 * Calls begin in the order they came. Where the invoker is serialized they also wait for each other, here and not at the
 * owner, which would cost a round trip a call. How many have begun is counted where the owner can read it, so that
 * after a crash it knows, without a message, which of the calls it had sent can't have run.
 */
import { refusedBy, refusedByThrowing } from '../access/consent.ts'
import type { ContextId } from '../access/context-id.ts'
import type { ExposedMethod } from '../access/method-table.ts'
import { messageOf, NoSuchMethodError, NotRunningError } from '../errors/catalogue.ts'
import { reasonOf, type ThrownData } from '../errors/error-data.ts'
import { CallScope, type CallScopes, type ReceivedExtras, receiveExtras } from '../service/call-scope.ts'
import { type StreamEnd, StreamProducer } from '../streams/stream-producer.ts'
import { ValueExchange } from '../values/exchange.ts'
import { refusal } from '../values/refusal.ts'
import type { BegunCount } from '../wire/carrier.ts'
import type { Channel } from '../wire/channel.ts'
import {
  type AnswerOrder,
  type Batch,
  type CallOperation,
  EXTRA_WORDS,
  Exchange,
  FLUSH_WORDS,
  type LinkOrder,
  MARKED,
  Reply,
  Request,
} from '../wire/messages.ts'
import { type Outbox, replyOutbox } from '../wire/outbox.ts'
import { asTurn, outsideOfCalls } from '../wire/turn.ts'
import type { AnswerPorts } from './answer-ports.ts'
import { ByNumber } from './by-number.ts'
import { encodeFailure } from './failure.ts'
import { isAsyncIterable, isThenable } from './method-result.ts'
import { type Answerer, isPassedOn, PassedCall, type PassOn } from './passed-call.ts'
import { isRunTraced, traceRun } from './run-tracing.ts'
import { TimeSlice } from './time-slice.ts'
import { type Waiting, WaitingCalls, type WaitingOrder } from './waiting-calls.ts'

export interface DispatcherOptions {
  readonly service: string
  readonly context: ContextId
  /** Who calls through this port; stamped by the owner, which made it. */
  readonly caller: ContextId
  readonly target: object
  /** The list grows where routes can be declared. */
  readonly methods: ExposedMethod[]
  /** What a route leads to; undefined for what is no declaration. */
  readonly declare?: (declaration: unknown) => ExposedMethod | undefined
  readonly port: Channel
  readonly begun: BegunCount
  /** One call at a time. */
  readonly isSerialized: boolean
  readonly scopes: CallScopes
  /** No owner has asked any policy for the calls of this port. */
  readonly asksAllPolicies?: boolean
  /** Each of its methods is a `PassOn`. */
  readonly passesOn?: boolean
  /** By which results go straight to callers whose calls the owner passes on. */
  readonly answers?: AnswerPorts
  /** The owner has made a port for another caller. */
  readonly onLink?: (order: LinkOrder) => void
  /** The owner takes away what another caller has. */
  readonly onUnlink?: (caller: ContextId) => void
  /** A policy does not admit a call that no owner has seen. */
  readonly onRefused?: (caller: ContextId, method: string) => void
}

/** As Node has it, whatever a service's test puts in its place. */
const { setImmediate } = globalThis

export class Dispatcher implements Answerer {
  readonly #options: DispatcherOptions
  readonly #outbox: Outbox
  /** Who calls, by number: the owner, and those for whom it has calls sent here. */
  readonly #callers: ContextId[]
  readonly #values: ValueExchange
  readonly #streams = new Map<number, StreamProducer>()
  /** Of the calls that have not settled at once, and of the streams. */
  readonly #scopes = new ByNumber<CallScope>()
  readonly #waiting = new WaitingCalls()
  readonly #slice = new TimeSlice()
  #isHeld = true
  #isBusy = false
  /** A slice is over: what waits goes on when the event loop has been round. */
  #isPutOff = false
  #begun = 0

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#callers = [options.caller]
    const onRefused = (record: Batch, reason: unknown): void => this.#refuse(record, reason)
    this.#values = new ValueExchange(`the owner of "${options.service}"`, 'replies')
    this.#outbox = replyOutbox({ port: options.port, lower: this.#values.lower, onRefused })
    this.#values.connect(this.#outbox, options.port.carries)
    const receive = asTurn((batch: Batch) => this.#read(batch))
    options.port.on('message', receive)
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  get isStreaming(): boolean {
    return this.#streams.size > 0
  }

  /** From now on calls that come in wait; those that run go on. */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    if (!this.#isPutOff) this.#goOn()
  }

  /** Runs it when all calls that have come have begun. */
  whenBegun(run: () => void): void {
    if (this.#waiting.isEmpty) run()
    else this.#waiting.push({ kind: 'fence', run })
  }

  /** Whose calls these are. */
  get caller(): ContextId {
    return this.#options.caller
  }

  /** Tells the owner what was refused at another port. */
  tellRefused(caller: ContextId, method: string): void {
    this.#outbox.putFixed(Reply.Refused, 0, [caller, method])
  }

  /** Tells the owner that results have gone straight to their callers. */
  tellAnswered(): void {
    this.#outbox.flush()
    this.#options.port.postMessage([Reply.Answered, 0, undefined])
  }

  /** Posts the replies that are ready; after it the thread may die and none of them is lost. */
  flush(): void {
    this.#options.answers?.flush()
    this.#outbox.flush()
  }

  /** Nobody waits for anything any more: the caller is gone. What it did not want to wait for is still done. */
  abandon(reason: unknown): void {
    for (const scope of this.#scopes.values()) scope.abort(reason)
    for (const stream of this.#streams.values()) stream.fail(reason)
    this.#waiting.retain((waiting) => this.#isCast(waiting))
  }

  /** Streams that have not come to their end fail: to a reader that still waits, cut off is not complete. */
  async close(): Promise<void> {
    this.#waiting.retain(() => false)
    this.#values.close() // first: a stream may be waiting for an answer of the owner, which does not come any more
    const streams = [...this.#streams.values()]
    for (const stream of streams) stream.fail(new NotRunningError(this.#options.service, 'STOPPING'))
    await Promise.all(streams.map(({ ended }) => ended))
    this.flush()
    this.#options.port.close()
  }

  /** A slice is over: results leave, and what else has come is heard, before the next call begins. */
  #putOff(): void {
    this.#outbox.flush()
    if (this.#isPutOff) return
    this.#isPutOff = true
    setImmediate(() => outsideOfCalls(() => this.#goOn()))
  }

  #goOn(): void {
    this.#isPutOff = false
    if (this.#waiting.isEmpty) return
    this.#slice.begin()
    this.#drain()
    this.#outbox.flush()
  }

  /**
   * What can't be read is not ours: it is dropped with the rest of its batch, and the host goes on. All in one method: with
   * what is no call in another, each call cost 1 µs more (docs/decisions/0008).
   */
  #read(batch: Batch): void {
    if (!Array.isArray(batch)) return
    let takenAtMs = 0
    let isSliced = false
    let flushWords = FLUSH_WORDS
    for (let offset = 0; offset < batch.length; ) {
      const id = batch[offset + 1] as number
      switch (batch[offset]) {
        case Request.Call:
        case Request.CallWith:
        case Request.CallFor: {
          const extra = EXTRA_WORDS[batch[offset] as CallOperation]
          const first = offset + 4
          const count = batch[offset + 3] as number
          // Anything else could lead back, for ever, or past the end.
          if (!Number.isInteger(count) || count < 0 || count > batch.length - first - extra) return
          offset = first + count + extra
          const sent = extra > 0 ? batch[offset - 1] : undefined
          // Once for all of a batch: the first may run for long before the second is looked at.
          if (sent !== undefined) takenAtMs ||= performance.now()
          let extras = sent === undefined ? undefined : receiveExtras(sent, takenAtMs)
          if (extra > 1) {
            extras ??= { deadlineMs: Number.POSITIVE_INFINITY }
            extras.place = { number: batch[offset - 3] as number, ordinal: batch[offset - 2] as number }
          }
          if (!isSliced && offset < batch.length && !this.#options.passesOn) {
            isSliced = true
            const nowMs = performance.now()
            takenAtMs ||= nowMs
            this.#slice.begin(nowMs)
          }
          const method = batch[first - 2] as number
          // What the owner passes on leaves with its batch, or its slice: it would wake two threads each time.
          const isOfOther = typeof method === 'number' && method >= this.#options.methods.length
          flushWords = isOfOther ? Number.POSITIVE_INFINITY : FLUSH_WORDS
          this.#accept(id, method, batch.slice(first, first + count), extras)
          if (isSliced && offset < batch.length && !this.#isPutOff && this.#slice.isOver()) this.#putOff()
          break
        }
        case Request.Credit:
          this.#streams.get(id)?.grant(batch[offset + 2] as number, batch[offset + 3] as number)
          offset += 4
          break
        case Request.Return:
          this.#leaveOrSkip(id)
          offset += 2
          break
        case Request.Cancel:
          this.#cancel(id, reasonOf(batch[offset + 2]))
          this.#leaveOrSkip(id)
          offset += 3
          break
        case Request.Caller:
          if (id !== this.#callers.length) return
          this.#callers.push(String(batch[offset + 2]))
          offset += 3
          break
        case Request.Route:
          if (!this.#declare(id, batch[offset + 2])) return
          offset += 3
          break
        case Request.Link:
          if (this.#options.onLink === undefined) return
          this.#openLink(batch[offset + 2] as LinkOrder, this.#options.onLink)
          offset += 3
          break
        case Request.Answers:
          if (this.#options.answers === undefined) return
          this.#openAnswers(batch[offset + 2] as AnswerOrder, this.#options.answers)
          offset += 3
          break
        case Request.Unlink:
          if (this.#options.onUnlink === undefined) return
          this.#unlink(String(batch[offset + 2]), this.#options.onUnlink)
          offset += 3
          break
        case Request.Fence:
          this.whenBegun(() => this.#outbox.putValue(Reply.Fence, id, undefined))
          offset += 3
          break
        default:
          if (!this.#exchange(batch[offset], id, batch[offset + 2])) return
          offset += 3
      }
      if (this.#outbox.words >= flushWords) this.#outbox.flush()
    }
    this.#outbox.flush()
  }

  #declare(number: number, declaration: unknown): boolean {
    const { methods, declare } = this.#options
    const method = number === methods.length ? declare?.(declaration) : undefined
    if (method !== undefined) methods.push(method)
    return method !== undefined
  }

  /** What later calls depend on, and those before it don't. */
  #inTurn(order: WaitingOrder): void {
    if (this.#isPutOff) this.#waiting.push(order)
    else order.run()
  }

  #openLink(order: LinkOrder, onLink: (order: LinkOrder) => void): void {
    const drop = (): void => order.port.close()
    this.#inTurn({ kind: 'order', run: () => onLink(order), drop, caller: order.caller })
  }

  #openAnswers(order: AnswerOrder, answers: AnswerPorts): void {
    this.#inTurn({ kind: 'order', run: () => answers.open(order), drop: () => order.port.close() })
  }

  /** Heard at once, so that no more is done for that caller; also of a port that waits for its turn. */
  #unlink(caller: ContextId, onUnlink: (caller: ContextId) => void): void {
    this.#waiting.retain((waiting) => waiting.kind !== 'order' || waiting.caller !== caller)
    onUnlink(caller)
  }

  /** A call of what the service has given comes after the calls before it; an answer to one of its own is heard at once. */
  #exchange(operation: unknown, id: number, word: unknown): boolean {
    const plain = typeof operation === 'number' ? operation % MARKED : operation
    if (!this.#isPutOff || (plain !== Exchange.Invoke && plain !== Exchange.Release)) {
      return this.#values.receive(operation, id, word)
    }
    this.#inTurn({ kind: 'order', run: () => void this.#values.receive(operation, id, word) })
    return true
  }

  #accept(id: number, method: number, args: unknown[], extras: ReceivedExtras | undefined): void {
    if (this.#mayBegin() && this.#waiting.isEmpty) this.#begin(id, method, args, extras)
    else this.#waiting.push({ kind: 'call', id, method, args, extras, hasLeft: false })
  }

  /** What the method waits for of its caller does not come any more. */
  #cancel(id: number, reason: unknown): void {
    this.#scopes.get(id)?.abort(reason)
    this.#values.endCall(id, reason)
  }

  #leaveOrSkip(id: number): void {
    const stream = this.#streams.get(id)
    const waiting = stream ? undefined : this.#waiting.call(id)
    if (waiting) waiting.hasLeft = true
    else void stream?.leave() // how it ends is told by its reply
  }

  #isCast(waiting: Waiting): boolean {
    const { methods } = this.#options
    if (waiting.kind !== 'call' || typeof waiting.method !== 'number') return false
    return methods[waiting.method % methods.length]?.isCast === true
  }

  #mayBegin(): boolean {
    return !this.#isHeld && !this.#isBusy && !this.#isPutOff
  }

  #drain(): void {
    while (this.#mayBegin()) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      if (next.kind !== 'call') next.run()
      else if (next.hasLeft) this.#skip(next.id)
      else this.#begin(next.id, next.method, next.args, next.extras)
      if (this.#mayBegin() && !this.#waiting.isEmpty && this.#slice.isOver()) this.#putOff()
    }
    if (!this.#isPutOff) this.#waiting.runOrders()
  }

  /** For a call that nobody waits for any more, or a stream: it had its turn, and nothing of it runs. */
  #skip(id: number): void {
    this.#countBegun()
    this.#outbox.putValue(Reply.Result, id, undefined)
  }

  #countBegun(): void {
    this.#begun = (this.#begun + 1) | 0
    this.#options.begun.value = this.#begun
  }

  #begin(id: number, number: number, args: unknown[], extras: ReceivedExtras | undefined): void {
    const { target, methods, isSerialized, scopes, service, passesOn } = this.#options
    this.#countBegun()
    // Typed as it is, but sent by someone: a name would find what every list has.
    const isNumber = typeof number === 'number'
    const caller = isNumber ? this.#callers[Math.trunc(number / methods.length)] : undefined
    const method = isNumber && caller !== undefined ? methods[number % methods.length] : undefined
    let scope: CallScope
    let result: unknown
    try {
      if (method === undefined || caller === undefined) {
        throw new NoSuchMethodError(service, `number ${messageOf(number)}`)
      }
      if (!this.#isAuthorized(method, caller)) {
        this.#options.onRefused?.(caller, method.name)
        return this.#outbox.putValue(Reply.Refusal, id, undefined)
      }
      if (extras?.marks !== undefined) this.#values.raiseArguments(args, extras.marks, id)
      if (passesOn) {
        const call = new PassedCall(this, id, caller, service, method.name, extras)
        scope = call
        result = (method.run as unknown as PassOn)(call, args)
      } else {
        scope = new CallScope(caller, service, method.name, extras, isSerialized)
        if (scope.place !== undefined) scope.answering = this.#options.answers?.at(caller, scope.place)
        result = isRunTraced()
          ? traceRun(scope, () => scopes.apply(scope, method.run, target, args, true))
          : scopes.apply(scope, method.run, target, args)
      }
    } catch (thrown) {
      this.#fail(id, thrown)
      return
    }
    if (isPassedOn(result)) this.#scopes.set(id, scope)
    else if (method.isStream) scopes.apply(scope, this.#stream, this, [id, result, scope])
    else if (isThenable(result)) {
      this.#scopes.set(id, scope)
      if (isSerialized) this.#isBusy = true
      // What can be awaited and iterated, as a call of another service by its name can, is awaited.
      // A promise stays itself; of anything else that has a `then`, only the first outcome counts.
      Promise.resolve(result).then(
        (value) => this.answer(id, scope, value),
        (thrown) => this.answerFailure(id, thrown),
      )
    } else if (isAsyncIterable(result)) scopes.apply(scope, this.#openStream, this, [id, result, scope])
    else {
      scope.end()
      this.#values.endCall(id)
      this.#putResult(id, scope, result)
    }
  }

  /** A call that has not settled at once ends, or goes on as a stream. */
  answer(id: number, scope: CallScope, value: unknown): void {
    if (isPassedOn(value)) return
    if (isAsyncIterable(value)) this.#openStream(id, value, scope)
    else this.#succeed(id, value, scope)
  }

  answerFailure(id: number, thrown: unknown): void {
    this.#end(id)
    this.#fail(id, thrown)
    this.#beginNext()
  }

  tellPending(id: number, why: ThrownData | undefined): void {
    this.#outbox.putFixed(Reply.Pending, id, why)
  }

  letGo(id: number): void {
    this.#end(id)
    this.#outbox.putAmong(Reply.Released, id)
    this.#beginNext()
  }

  /** A call has returned a stream: its caller is told, and then gets the items. */
  #openStream(id: number, source: AsyncIterable<unknown>, scope: CallScope): void {
    let items: AsyncIterator<unknown>
    try {
      items = source[Symbol.asyncIterator]()
    } catch (thrown) {
      this.answerFailure(id, thrown)
      return
    }
    this.#outbox.putValue(Reply.Stream, id, undefined)
    this.#stream(id, items, scope)
  }

  /** Called in the scope of its call, in which the generator then runs. */
  #stream(id: number, source: AsyncIterator<unknown>, scope: CallScope): void {
    this.#scopes.set(id, scope)
    if (this.#options.isSerialized) this.#isBusy = true
    const producer = new StreamProducer(source, {
      putItems: (batch, isUrgent) => {
        this.#outbox.putFixed(Reply.Items, id, batch)
        if (isUrgent) this.#outbox.flush()
      },
      putLive: (item) => this.#outbox.putValue(Reply.Item, id, item),
    })
    this.#streams.set(id, producer)
    void producer.ended.then((end) => this.#endStream(id, end))
  }

  #endStream(id: number, end: StreamEnd): void {
    if (end.how === 'completed') return this.#succeed(id, undefined)
    this.#end(id)
    this.#outbox.putValue(end.how === 'failed' ? Reply.Failure : Reply.Unwound, id, encodeFailure(end.thrown))
    this.#beginNext()
  }

  /** By the owner's port, only the policies that it can't ask: the others it has asked before it sent the call. */
  #isAuthorized({ policies, allPolicies, name: method }: ExposedMethod, caller: ContextId): boolean {
    const { service, context, asksAllPolicies } = this.#options
    try {
      for (const policy of asksAllPolicies ? allPolicies : policies) {
        const verdict: unknown = policy.isAuthorized({ caller, context, service, method })
        if (verdict !== true) return refusedBy(verdict, `a policy of "${service}.${method}"`)
      }
    } catch (error) {
      return refusedByThrowing(error, `a policy of "${service}.${method}"`)
    }
    return true
  }

  #succeed(id: number, value: unknown, scope?: CallScope): void {
    this.#end(id)
    this.#putResult(id, scope, value)
    this.#beginNext()
  }

  #putResult(id: number, scope: CallScope | undefined, value: unknown): void {
    if (scope?.answering?.put(id, value)) return
    this.#outbox.putValue(Reply.Result, id, value)
  }

  #end(id: number): void {
    if (this.#streams.size > 0) this.#streams.delete(id)
    this.#scopes.take(id)?.end()
    this.#values.endCall(id)
  }

  #fail(id: number, thrown: unknown): void {
    this.#values.endCall(id)
    this.#outbox.putValue(Reply.Failure, id, encodeFailure(thrown))
  }

  #beginNext(): void {
    if (!this.#options.isSerialized) return
    this.#isBusy = false
    if (this.#waiting.isEmpty) return
    if (this.#slice.isOver()) this.#putOff()
    else outsideOfCalls(() => this.#drain())
  }

  /** A result or an item that can't be cloned fails its own call, and ends its own stream. */
  #refuse(record: Batch, reason: unknown): void {
    if (this.#values.refuse(record, reason)) return
    const [operation, id, value] = record as [number, number, unknown]
    const isMarked = operation >= MARKED
    const names = [operation % MARKED === Reply.Item ? 'item' : 'result']
    const values = isMarked ? (value as [unknown[]])[0] : [value]
    const { service, port, passesOn } = this.#options
    const subject = passesOn ? 'an answer that was to be passed on' : `service "${service}"`
    const error = refusal({ subject, names, values, reason, carries: port.carries })
    const stream = this.#streams.get(id)
    if (stream) stream.fail(error)
    else this.#fail(id, error)
  }
}
