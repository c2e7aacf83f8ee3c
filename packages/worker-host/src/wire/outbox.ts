/**
 * Gathers the records of one turn and posts them as one message.
 *
 * Records leave in the order they were put in. If a batch can't be cloned, its records are posted one by one, and only
 * those that really can't be are refused: one bad argument harms nobody else's call.
 */
import type { Transferable } from 'node:worker_threads'
import type { Channel } from './channel.ts'
import type { Lower, Lowered } from './marks.ts'
import {
  type AnswerPlace,
  type Batch,
  MARKED,
  REPLY_WORDS,
  Request,
  requestWords,
  type SentExtras,
} from './messages.ts'
import { isPrimitive, LIVE, snapshotOf } from './snapshot.ts'
import { atTurnEnd, type TurnEnding } from './turn.ts'

export interface OutboxOptions {
  readonly port: Channel
  /** Length in words of the record that starts at `offset`. */
  readonly wordsAt: (batch: Batch, offset: number) => number
  /** Makes ready what can't be cloned as it is. */
  readonly lower: Lower
  /** How much less the budgets of calls are when they are posted than when they were put in. @unit milliseconds */
  readonly lagMs?: () => number
  /** Called for a record that structured clone refuses, or that could not be made ready, with the reason. */
  readonly onRefused: (record: Batch, reason: unknown) => void
}

export class Outbox implements TurnEnding {
  readonly #options: OutboxOptions
  #batch: Batch = []
  #isArmed = false
  /** Of calls, in the batch. */
  #hasBudgets = false

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Words waiting to be posted. */
  get words(): number {
    return this.#batch.length
  }

  /** Puts a record of small integers in. */
  put(operation: number, id: number, ...extra: readonly number[]): void {
    this.#batch.push(operation, id, ...extra)
    this.#arm()
  }

  /** Puts a record in whose last word nobody changes any more. */
  putFixed(operation: number, id: number, value: unknown): void {
    this.#batch.push(operation, id, value)
    this.#arm()
  }

  /** Puts a record in whose last word is any value, fixed as it is now. */
  putValue(operation: number, id: number, value: unknown): void {
    if (isPrimitive(value)) {
      this.#batch.push(operation, id, value)
      this.#arm()
      return
    }
    const twin = snapshotOf(value)
    if (twin === LIVE) {
      return this.#postLive([operation, id, value], [value], ({ values, marks }) => [
        operation + MARKED,
        id,
        [values, marks],
      ])
    }
    this.#batch.push(operation, id, twin)
    this.#arm()
  }

  /** Puts an id into a record of many, the last of a batch of replies if it is one of those. */
  putAmong(operation: number, id: number): void {
    const last = this.#batch.length - REPLY_WORDS
    if (this.#batch[last] === operation) (this.#batch[last + 2] as number[]).push(id)
    else this.putFixed(operation, 0, [id])
  }

  /**
   * Puts a call in, its arguments fixed as they are now.
   * @param extras fixed; undefined for none
   * @param place where its result may go straight to
   */
  putCall(
    id: number,
    method: number,
    values: readonly unknown[],
    extras: SentExtras | undefined,
    place?: AnswerPlace,
  ): void {
    for (let index = 0; index < values.length; index++) {
      if (!isPrimitive(values[index])) return this.#putObjects(id, method, values, extras, place)
    }
    this.#putRecord(id, method, values, extras, place)
  }

  /** Posts what waits, at once. @param transfer what is moved with the last record @param onPosted told when that has left */
  flush(transfer: Transferable[] = [], onPosted?: () => void): void {
    if (this.#batch.length === 0) return
    const batch = this.#batch
    this.#batch = []
    if (this.#hasBudgets) this.#lessenBudgets(batch)
    try {
      this.#options.port.postMessage(batch, transfer)
    } catch {
      this.#postOneByOne(batch, transfer, onPosted)
      return
    }
    onPosted?.()
  }

  #putObjects(
    id: number,
    method: number,
    values: readonly unknown[],
    extras: SentExtras | undefined,
    place: AnswerPlace | undefined,
  ): void {
    // Before the record is begun: a getter in an argument may make a call of its own, which then comes first.
    const twins = snapshotOf(values)
    if (twins !== LIVE) return this.#putRecord(id, method, twins as unknown[], extras, place)
    // All or none: an object that stands in two arguments must stay one object.
    const plain = [extras === undefined ? Request.Call : Request.CallWith, id, method, values.length, ...values]
    if (extras !== undefined) plain.push(extras)
    this.#hasBudgets ||= extras !== undefined
    this.#postLive(plain, values, (lowered) => callWith(id, method, lowered, extras))
  }

  #putRecord(
    id: number,
    method: number,
    values: readonly unknown[],
    extras: SentExtras | undefined,
    place: AnswerPlace | undefined,
  ): void {
    const batch = this.#batch
    const bare = extras === undefined ? Request.Call : Request.CallWith
    batch.push(place === undefined ? bare : Request.CallFor, id, method, values.length)
    for (let index = 0; index < values.length; index++) batch.push(values[index])
    if (place !== undefined) batch.push(place.number, place.ordinal, extras)
    else if (extras !== undefined) batch.push(extras)
    this.#hasBudgets ||= extras !== undefined
    this.#arm()
  }

  #lessenBudgets(batch: Batch): void {
    this.#hasBudgets = false
    const { lagMs, wordsAt } = this.#options
    const lag = lagMs?.() ?? 0
    if (lag >= 1) lessenBudgets(batch, wordsAt, Math.ceil(lag))
  }

  /** Posts a record at once, with what waits before it; what is marked in its values is taken out first. */
  #postLive(record: Batch, values: readonly unknown[], marked: (lowered: Lowered) => Batch): void {
    let lowered: Lowered | undefined
    try {
      lowered = this.#options.lower(values, record)
    } catch (reason) {
      this.#options.onRefused(record, reason)
      return
    }
    this.#batch.push(...(lowered === undefined || lowered.values === values ? record : marked(lowered)))
    this.flush(lowered?.transfer, lowered?.onPosted)
  }

  #arm(): void {
    if (this.#isArmed) return
    atTurnEnd(this)
    this.#isArmed = true
  }

  endTurn(): void {
    this.#isArmed = false
    this.flush()
  }

  #postOneByOne(batch: Batch, transfer: Transferable[], onPosted: (() => void) | undefined): void {
    const { port, wordsAt, onRefused } = this.#options
    for (let offset = 0; offset < batch.length; ) {
      const end = offset + wordsAt(batch, offset)
      const record = batch.slice(offset, end)
      offset = end
      try {
        const isLast = offset === batch.length
        port.postMessage(record, isLast ? transfer : [])
        if (isLast) onPosted?.()
      } catch (reason) {
        onRefused(record, reason)
      }
    }
  }
}

/** What calls may take, after so much of it has gone by: their caller, too, has counted from the turn's time. */
function lessenBudgets(batch: Batch, wordsAt: OutboxOptions['wordsAt'], ms: number): void {
  for (let offset = 0; offset < batch.length; ) {
    const isWith = batch[offset] === Request.CallWith || batch[offset] === Request.CallFor
    offset += wordsAt(batch, offset)
    const extras = isWith ? (batch[offset - 1] as SentExtras | undefined) : undefined
    if (extras === undefined) continue
    if (typeof extras === 'number') batch[offset - 1] = Math.max(extras - ms, 0)
    else if (extras.budgetMs !== undefined) {
      batch[offset - 1] = { ...extras, budgetMs: Math.max(extras.budgetMs - ms, 0) }
    }
  }
}

function callWith(id: number, method: number, { values, marks }: Lowered, extras?: SentExtras): Batch {
  const others = typeof extras === 'number' ? { budgetMs: extras } : extras
  return [Request.CallWith, id, method, values.length, ...values, { ...others, marks }]
}

export const requestOutbox = (options: Omit<OutboxOptions, 'wordsAt'>): Outbox =>
  new Outbox({ ...options, wordsAt: requestWords })

export const replyOutbox = (options: Omit<OutboxOptions, 'wordsAt'>): Outbox =>
  new Outbox({ ...options, wordsAt: () => REPLY_WORDS })
