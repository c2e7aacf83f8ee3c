/**
 * A call whose method runs elsewhere: it is passed on, and what comes of it is answered as it comes in. A promise between
 * the two, with what is made to wait for it, cost a routed call a tenth.
 */
import type { ContextId } from '../access/context-id.ts'
import type { ThrownData } from '../errors/error-data.ts'
import { CallScope, type ReceivedExtras } from '../service/call-scope.ts'

/** What a method gives in place of its result when the call itself will be answered. */
const PASSED = Symbol('passed on')

/** The same for those who expect a promise; one for all. */
export const PASSED_ON: Promise<unknown> = Promise.resolve(PASSED)

/** Whether that is the result, or what its promise came to. */
export const isPassedOn = (result: unknown): boolean => result === PASSED || result === PASSED_ON

/** What stands in place of a method where calls are passed on. @returns its outcome, or `PASSED_ON` */
export type PassOn = (call: PassedCall, args: unknown[]) => unknown

/** Who sends the answers. */
export interface Answerer {
  answer(id: number, scope: CallScope, value: unknown): void
  answerFailure(id: number, thrown: unknown): void
  tellPending(id: number, why: ThrownData | undefined): void
  /** Its result has gone to the caller another way. */
  letGo(id: number): void
}

/** Answered once, by whoever it was passed on to; before that it can be told what it waits for. */
export class PassedCall extends CallScope {
  readonly #answerer: Answerer
  readonly #id: number
  /** The service, by the name by which its caller may have the result straight from there. */
  straightFrom: string | undefined

  constructor(
    answerer: Answerer,
    id: number,
    caller: ContextId,
    service: string,
    method: string,
    extras?: ReceivedExtras,
  ) {
    super(caller, service, method, extras)
    this.#answerer = answerer
    this.#id = id
    this.straightFrom = undefined
  }

  succeed(value: unknown): void {
    this.#answerer.answer(this.#id, this, value)
  }

  fail(thrown: unknown): void {
    this.#answerer.answerFailure(this.#id, thrown)
  }

  /** @param why it is late, if it is; undefined once that is over */
  wait(why: ThrownData | undefined): void {
    this.#answerer.tellPending(this.#id, why)
  }

  /** The caller has its result straight from the service. */
  letGo(): void {
    this.#answerer.letGo(this.#id)
  }
}
