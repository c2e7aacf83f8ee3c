/**
 * One end of what two threads share beside plain values: makes values ready for the wire and puts them together again, and
 * carries the calls of what has stayed where it was. Both ends are alike.
 *
 * What comes as an argument is there for its call, and is revoked when that ends, at both sides and without a message; all
 * else, and what was marked by `lasting()`, until it is let go or the other side is gone.
 */
import { BadArgumentsError, RevokedError } from '../errors/catalogue.ts'
import { encodeThrown } from '../errors/error-data.ts'
import type { Lowered, Mark, Path } from '../wire/marks.ts'
import { Exchange, MARKED, Request } from '../wire/messages.ts'
import type { Outbox } from '../wire/outbox.ts'
import { isLasting, markLasting } from './comlink.ts'
import { Exports } from './exports.ts'
import { type Keep, lower } from './lower.ts'
import { type Reach, raise, raiseAll } from './raise.ts'
import { ReceivedStreams } from './received-streams.ts'
import { type Refused, refusal, refusedInvocation } from './refusal.ts'
import { SentStreams } from './sent-streams.ts'
import { faultOf, type Grip, Stubs } from './stubs.ts'

/** The number of a call, or an invocation that was sent or received. */
type Scope = number | `${'sent' | 'received'} ${number}`

/** What is done with it then: it ends with its call, for a reason if that was cut short; or waits for the call's next try. */
type Undo = (how: 'ended' | 'given back', reason?: unknown) => void

export class ValueExchange {
  readonly #peer: string
  readonly #sends: 'calls' | 'replies'
  readonly #exports: Exports
  readonly #stubs: Stubs
  readonly #sent: SentStreams
  readonly #received: ReceivedStreams
  /** What ends with a call. */
  readonly #scopes = new Map<Scope, Undo[]>()
  readonly #keep: Keep = {
    reference: (target, at, record) => this.#keepReference(target, at, this.#scopeOf(record)),
    stream: (source, at, record) => this.#keepStream(source, at, this.#scopeOf(record)),
    forget: (marks) => this.#forget(marks),
  }
  /** Most pairs of services never do. */
  #hasShared = false
  #outbox!: Outbox
  #carries: Refused['carries']

  /**
   * @param peer the other side, in words
   * @param sends what this side's records of calls are: the numbers of requests and of replies are the same
   */
  constructor(peer: string, sends: 'calls' | 'replies') {
    this.#sends = sends
    this.#peer = peer
    this.#exports = new Exports(peer)
    this.#sent = new SentStreams(peer, () => this.#outbox)
    this.#received = new ReceivedStreams(() => this.#outbox)
    this.#stubs = new Stubs({
      invoke: (id, reference, method, args) => this.#outbox.putValue(Exchange.Invoke, id, [reference, method, ...args]),
      release: (reference) => this.#outbox.put(Exchange.Release, reference, 0),
    })
  }

  /**
   * Where its own records go.
   * @param carries whether a value can go there; absent where structured clone alone decides
   */
  connect(outbox: Outbox, carries?: Refused['carries']): void {
    this.#outbox = outbox
    this.#carries = carries
  }

  /** For statistics and tests: references that the other side holds, and calls of its own that wait for an answer. */
  get counts(): { readonly references: number; readonly pending: number } {
    return { references: this.#exports.size, pending: this.#stubs.pending }
  }

  /** Nothing is held, read or waited for, by either side. */
  get isIdle(): boolean {
    if (!this.#hasShared) return true
    return this.#exports.size + this.#stubs.held + this.#stubs.pending + this.#sent.size + this.#received.size === 0
  }

  /** For an outbox: makes the values of a record ready. */
  readonly lower = (values: readonly unknown[], record: readonly unknown[]): Lowered | undefined =>
    lower(values, record, this.#keep)

  /** Puts the marked value of a record together. */
  raise(marked: unknown, scope?: Scope): unknown {
    return raise(marked, this.#reach(scope))
  }

  /** The same for the arguments of a call. */
  raiseArguments(args: unknown[], marks: unknown, scope: Scope): void {
    raiseAll(args, marks, this.#reach(scope))
  }

  /** What was there for this call is so no more. @param reason why nobody waits for the call, if that is how it ended */
  endCall(scope: Scope, reason?: unknown): void {
    if (this.#scopes.size > 0) this.#undo(scope, 'ended', reason)
  }

  /** The call has not begun, and will be made elsewhere, with what there was for it. */
  giveBack(call: number): void {
    this.#undo(call, 'given back')
  }

  #keepReference(target: object, at: Path, scope: Scope | undefined): ReturnType<Keep['reference']> {
    this.#hasShared = true
    const kept = this.#exports.keep(target, at)
    if (isLasting(target)) return { ...kept, isLasting: true }
    if (scope !== undefined) this.#until(scope, () => this.#exports.release(kept.id))
    return kept
  }

  #keepStream(source: AsyncIterable<unknown>, at: Path, scope: Scope | undefined): number {
    this.#hasShared = true
    const id = this.#sent.keep(source, at)
    if (scope !== undefined) {
      this.#until(scope, (how) => (how === 'ended' ? this.#sent.close(id) : this.#sent.forget(id)))
    }
    return id
  }

  #forget(marks: readonly Mark[]): void {
    for (const mark of marks) {
      if (mark.kind === 'reference') this.#exports.release(mark.id)
      if (mark.kind === 'stream') this.#sent.forget(mark.id)
    }
  }

  #undo(scope: Scope, ...what: Parameters<Undo>): void {
    const undo = this.#scopes.get(scope)
    this.#scopes.delete(scope)
    for (const each of undo ?? []) each(...what)
  }

  /** Takes a record in, whatever it is; false for one that is not for it. */
  receive(operation: unknown, id: unknown, word: unknown): boolean {
    if (typeof operation !== 'number' || typeof id !== 'number') return false
    const isMarked = operation >= MARKED
    switch (isMarked ? operation - MARKED : operation) {
      case Exchange.Invoke:
        void this.#answer(id, word, isMarked)
        return true
      case Exchange.Answer:
        this.endCall(`sent ${id}`)
        this.#stubs.settle(id, () => (isMarked ? this.raise(word) : word))
        return true
      case Exchange.Fault:
        this.endCall(`sent ${id}`)
        this.#stubs.fail(id, faultOf(word))
        return true
      case Exchange.Release:
        this.#exports.release(id)
        return true
      default:
        return this.#receiveOfStream(operation, id, word)
    }
  }

  #receiveOfStream(operation: number, id: number, word: unknown): boolean {
    switch (operation) {
      case Exchange.Begin:
        this.#sent.begin(id)
        return true
      case Exchange.Taken:
        this.#sent.grant(id, word)
        return true
      case Exchange.Leave:
        this.#sent.leave(id)
        return true
      case Exchange.Item:
        this.#received.item(id, word)
        return true
      case Exchange.Item + MARKED:
        this.#receiveMarked(id, word)
        return true
      case Exchange.Items:
        this.#received.items(id, word)
        return true
      case Exchange.End:
        this.#received.end(id)
        return true
      case Exchange.Broken:
        this.#received.fail(id, () => faultOf(word))
        return true
      case Exchange.Unwound:
        this.#received.unwind(id, () => faultOf(word))
        return true
      default:
        return false
    }
  }

  /** A record did not get on the wire: what it would have shared is not kept. False for one that is not of this kind. */
  refuse(record: readonly unknown[], reason: unknown): boolean {
    const [operation, id, word] = record as [number, number, unknown]
    const isMarked = operation >= MARKED
    const [[value], marks] = isMarked ? (word as [unknown[], Mark[]]) : [[word], []]
    this.#forget(marks)
    const plain = operation % MARKED
    if (plain < Exchange.Invoke) return false
    const refused = { values: [value], reason, carries: this.#carries }
    if (plain === Exchange.Item) {
      this.#sent.fail(id, refusal({ subject: `a stream to ${this.#peer}`, names: ['item'], ...refused }))
    } else if (plain === Exchange.Invoke) {
      this.endCall(`sent ${id}`)
      this.#stubs.fail(id, refusedInvocation(this.#peer, { ...refused, values: value as unknown[] }))
    } else {
      const error = refusal({ subject: `an answer to ${this.#peer}`, names: ['result'], ...refused })
      this.#outbox.putValue(Exchange.Fault, id, encodeThrown(error))
    }
    return true
  }

  /** Settles what waits for the other side. */
  failPending(make: () => unknown): void {
    this.#stubs.failPending(make)
  }

  /** The other side is gone: everything settles, and nothing is kept for it any more. */
  close(make: () => unknown = () => new RevokedError(this.#peer, 'it is gone')): void {
    this.#stubs.close(make)
    for (const scope of [...this.#scopes.keys()]) this.endCall(scope)
    this.#exports.clear()
    this.#sent.closeAll()
    this.#received.failAll(make)
  }

  /** An item that can't be put together ends its stream: the reader meets the error, and the producer is told. */
  #receiveMarked(id: number, word: unknown): void {
    try {
      this.#received.item(id, this.raise(word))
    } catch (error) {
      this.#received.fail(id, () => error)
      this.#outbox.put(Exchange.Leave, id, 0)
    }
  }

  #reach(scope: Scope | undefined): Reach {
    const reference = (id: number, methods: readonly string[] | undefined, isLasting: boolean): object => {
      this.#hasShared = true
      const { stub, grip } = this.#stubs.make(id, methods)
      if (isLasting) markLasting(stub)
      else if (scope !== undefined) this.#until(scope, (_, reason) => this.#revoke(grip, reason))
      return stub
    }
    const stream = (id: number): unknown => {
      if (scope !== undefined) this.#until(scope, (_, reason) => this.#received.revoke(id, reason))
      this.#hasShared = true
      return this.#received.open(id)
    }
    return { reference, stream }
  }

  #revoke(grip: Grip, reason: unknown): void {
    if (reason === undefined) this.#stubs.revoke(grip, 'its call has ended')
    else this.#stubs.cut(grip, reason)
  }

  /** Arguments are for their call; whatever else crosses is not. */
  #scopeOf([operation, id]: readonly unknown[]): Scope | undefined {
    if (operation === Exchange.Invoke) return `sent ${id as number}`
    const isCall = operation === Request.Call || operation === Request.CallWith
    return isCall && this.#sends === 'calls' ? (id as number) : undefined
  }

  #until(scope: Scope, undo: Undo): void {
    const all = this.#scopes.get(scope)
    if (all === undefined) this.#scopes.set(scope, [undo])
    else all.push(undo)
  }

  async #answer(id: number, word: unknown, isMarked: boolean): Promise<void> {
    try {
      const [reference, method, ...args] = listOf(isMarked ? this.raise(word, `received ${id}`) : word)
      this.#outbox.putValue(Exchange.Answer, id, await this.#exports.call(reference, method, args))
    } catch (thrown) {
      this.#outbox.putValue(Exchange.Fault, id, encodeThrown(thrown))
    } finally {
      this.endCall(`received ${id}`)
    }
  }
}

function listOf(word: unknown): readonly unknown[] {
  if (Array.isArray(word)) return word as unknown[]
  throw new BadArgumentsError('an invocation', [
    { path: 'arguments', message: `a list was expected, found ${typeof word}` },
  ])
}
