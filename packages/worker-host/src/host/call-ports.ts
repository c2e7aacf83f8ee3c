/**
 * The ports by which calls reach one service: its owner's, and one for each caller that the owner has given a link. Each
 * has a dispatcher of its own, which knows by its port who calls; all of them are held and released together.
 */
import type { ContextId } from '../access/context-id.ts'
import { RevokedError } from '../errors/catalogue.ts'
import { memoryCarrier } from '../wire/carrier.ts'
import type { LinkOrder } from '../wire/messages.ts'
import { AnswerPorts } from './answer-ports.ts'
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts'

export class CallPorts {
  readonly #options: DispatcherOptions
  readonly #owner: Dispatcher
  readonly #answers = new AnswerPorts(() => this.#owner.tellAnswered())
  readonly #links = new Set<Dispatcher>()

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#owner = new Dispatcher({
      ...options,
      answers: this.#answers,
      onLink: (order) => this.#open(order),
      onUnlink: (caller) => this.#cut(caller),
    })
  }

  hold(): void {
    for (const dispatcher of this.#all()) dispatcher.hold()
  }

  /** What a caller had sent by the owner, before it had a link, is ahead of what it sent by that. */
  release(): void {
    this.#owner.release()
    this.#owner.whenBegun(() => {
      for (const link of this.#links) link.release()
    })
  }

  /** A reader has not come to the end of what it reads. */
  get areStreaming(): boolean {
    return this.#all().some(({ isStreaming }) => isStreaming)
  }

  flush(): void {
    for (const dispatcher of this.#all()) dispatcher.flush()
  }

  async close(): Promise<void> {
    this.#answers.close()
    await Promise.all(this.#all().map((dispatcher) => dispatcher.close()))
  }

  #all(): readonly Dispatcher[] {
    return [this.#owner, ...this.#links]
  }

  /** Calls that the owner had sent before are ahead of those that come by the link. */
  #open({ caller, port, begun }: LinkOrder): void {
    const dispatcher = new Dispatcher({
      ...this.#options,
      caller,
      port,
      begun: memoryCarrier.countAt(begun),
      asksAllPolicies: true,
      onRefused: (caller, method) => this.#owner.tellRefused(caller, method),
    })
    this.#links.add(dispatcher)
    port.once('close', () => this.#leave(dispatcher, new Error(`"${caller}" has closed its link`)))
    if (!this.#owner.isHeld) dispatcher.release()
  }

  #cut(caller: ContextId): void {
    const revoked = new RevokedError(`service "${this.#options.service}"`, 'the link to it was revoked')
    for (const dispatcher of this.#links) if (dispatcher.caller === caller) this.#end(dispatcher, revoked)
  }

  /** The caller is gone, and what it had sent without waiting for a reply is still done. */
  #leave(dispatcher: Dispatcher, reason: Error): void {
    dispatcher.abandon(reason)
    dispatcher.whenBegun(() => this.#end(dispatcher, reason))
  }

  #end(dispatcher: Dispatcher, reason: Error): void {
    if (!this.#links.delete(dispatcher)) return
    dispatcher.hold()
    dispatcher.abandon(reason)
    void dispatcher.close()
  }
}
