/**
 * Results that come straight from their services' threads: one at a time, of the call that is marked for it, while all the
 * others come by the owner. So it is known which call a result can be of, whatever became of that call meanwhile.
 *
 *     marked ──its result comes──→ answered ──the owner is done with it──→ its id is used again
 *        └──it ends otherwise──→ the mark is the next call's, and a result that comes after all is nobody's
 */
import type { MessagePort } from 'node:worker_threads'
import { ANSWER_WORDS, type AnswerPlace, asTurn, unheard } from '@troupe/worker-host/owner'
import type { Call } from './call.ts'

interface Marked {
  readonly call: Call
  readonly ordinal: number
}

export interface AnswerReceiverOptions {
  /** Takes what has come by the owner: it was sent before. */
  readonly catchUp: () => void
  readonly onAnswer: (call: Call, value: unknown) => void
}

export class AnswerReceiver {
  readonly #options: AnswerReceiverOptions
  readonly #ports = new Map<string, MessagePort>()
  #marked: Marked | undefined
  /** It has come, and waits until what came before it by the owner is taken. */
  #inHand: { readonly service: string; readonly answer: unknown } | undefined
  #ordinal = 0

  constructor(options: AnswerReceiverOptions) {
    this.#options = options
  }

  /** Results of that service's calls can come by this port. */
  open(service: string, port: MessagePort): void {
    this.#ports.set(service, port)
    const receive = asTurn((answer: unknown) => {
      this.#inHand = { service, answer }
      this.#options.catchUp()
      this.#takeInHand()
    })
    port.on('message', receive)
  }

  /** They don't come by a port of their own any more. */
  close(service: string): void {
    this.#hear(service)
    this.#ports.get(service)?.close()
    this.#ports.delete(service)
  }

  closeAll(): void {
    for (const service of this.#ports.keys()) this.close(service)
  }

  /** Where the result of a call may come; undefined for by the owner, as while another is waited for here. */
  placeOf(call: Call): AnswerPlace | undefined {
    if (this.#ports.size === 0 || this.#marked !== undefined || !this.#ports.has(call.terms.service)) return undefined
    this.#ordinal = (this.#ordinal + 1) | 0
    this.#marked = { call, ordinal: this.#ordinal }
    return { number: call.id, ordinal: this.#ordinal }
  }

  /** The call has ended, whichever way. */
  forget(call: Call): void {
    if (this.#marked?.call === call) this.#marked = undefined
  }

  /** Takes what has come straight: it was sent before what comes by the owner now. */
  catchUp(): void {
    if (this.#marked === undefined) return
    this.#takeInHand()
    if (this.#marked !== undefined) this.#hear(this.#marked.call.terms.service)
  }

  /** A call is about to be settled by the owner: one that was made before it comes first. */
  catchUpTo({ ordinal }: Call): void {
    if (this.#inHand === undefined || this.#marked === undefined) return
    if (((ordinal - this.#marked.call.ordinal) | 0) > 0) this.#takeInHand()
  }

  #takeInHand(): void {
    const inHand = this.#inHand
    this.#inHand = undefined
    if (inHand !== undefined) this.#receive(inHand.service, inHand.answer)
  }

  #hear(service: string): void {
    const port = this.#ports.get(service)
    if (port !== undefined) for (const answer of unheard(port)) this.#receive(service, answer)
  }

  /** What can't be read is not ours. */
  #receive(service: string, answer: unknown): void {
    const marked = this.#marked
    if (marked === undefined || !Array.isArray(answer) || answer.length !== ANSWER_WORDS) return
    const { call, ordinal } = marked
    if (call.terms.service !== service || call.id !== answer[0] || ordinal !== answer[1]) return
    this.#marked = undefined
    this.#options.onAnswer(call, answer[2])
  }
}
