/**
 * The owner's end of the links to one thread: makes them, counts what goes by them, and takes them back. To callers whose
 * calls are to be routed it lends a port by which their results come.
 *
 * A link is a capability. The owner has asked the policies, stamped it with the caller's identity, and can revoke it; and it
 * ends with the service's thread, with the caller's, and with a stop of the service.
 */
import { MessageChannel } from 'node:worker_threads'
import { type ContextId, RevokedError, transfer } from '@troupe/worker-host'
import { type Follower, isAdmitted, type MethodDescription } from '@troupe/worker-host/owner'
import type { ScopeReader } from '../calls/call-extras.ts'
import type { CallLink } from '../calls/call-link.ts'
import { type AnswerGrant, LINK_COUNTS, type LinkGrant } from './link-terms.ts'

export interface LinkLenderOptions {
  readonly service: string
  readonly context: ContextId
  /** The owner's own way to the thread. */
  readonly link: CallLink
  readonly methods: readonly MethodDescription[]
  readonly reader: ScopeReader
  readonly window: number
  /** A caller has given its link back. */
  readonly onReturned: () => void
}

/** For a caller whose link is revoked to have its answers; one that is blocked, or will not, loses it then. */
const REVOKE_MS = 1_000

/** Callers that have a link to one service; those that come later have their calls routed. The same for results. */
const MAX_LINKS = 256

export class LinkLender {
  readonly #options: LinkLenderOptions
  readonly #loans = new Set<Loan<LinkGrant>>()
  readonly #answers = new Set<Loan<AnswerGrant>>()
  #past = { succeeded: 0, failed: 0 }

  constructor(options: LinkLenderOptions) {
    this.#options = options
  }

  /** Links that there are. */
  get size(): number {
    return this.#loans.size
  }

  get calls(): { readonly pending: number; readonly succeeded: number; readonly failed: number } {
    const total = { pending: 0, ...this.#past }
    for (const { grant } of this.#loans) {
      const { counts } = grant
      total.pending += counts[LINK_COUNTS.pending]!
      total.succeeded += counts[LINK_COUNTS.succeeded]!
      total.failed += counts[LINK_COUNTS.failed]!
    }
    return total
  }

  /** @returns undefined when no method admits the caller, or when an abort may have to kill the thread: only the owner does that */
  lend(caller: ContextId): Loan<LinkGrant> | undefined {
    const { context, link, methods, reader, window } = this.#options
    const isOwners = methods.some(({ killAfterMs }) => killAfterMs !== undefined)
    if (isOwners || this.#loans.size >= MAX_LINKS || !this.#mayHave(caller)) return undefined
    const { port1, port2 } = new MessageChannel()
    const size = Object.keys(LINK_COUNTS).length * Int32Array.BYTES_PER_ELEMENT
    const counts = new Int32Array(new SharedArrayBuffer(size))
    link.others.lend({ caller, port: port2, begun: counts })
    const grant = { port: port1, context, methods, reader, window, counts }
    const loan = new Loan(caller, transfer(grant, [port1]), () => this.#forget(loan))
    this.#loans.add(loan)
    return loan
  }

  /** For results to come straight to a caller whose calls go by the owner. @returns undefined where they can't */
  lendAnswers(caller: ContextId): Loan<AnswerGrant> | undefined {
    const { link } = this.#options
    const isFull = this.#answers.size >= MAX_LINKS
    if (isFull || !link.others.canAnswer(caller) || !this.#mayHave(caller)) return undefined
    const { port1: answers, port2: port } = new MessageChannel()
    link.others.answerAt(caller, port)
    const loan = new Loan(caller, transfer({ answers }, [answers]), () => {
      link.others.answerHere(caller)
      this.#answers.delete(loan)
    })
    this.#answers.add(loan)
    return loan
  }

  /** @param caller undefined for all of them */
  recall(caller?: ContextId): void {
    for (const loan of this.#loans) if (caller === undefined || loan.caller === caller) loan.recall()
  }

  /** The same, and a caller that does not give it back in time has it taken away. */
  revoke(caller: ContextId): void {
    this.recall(caller)
    const { service, link } = this.#options
    const cut = (loan: Loan<LinkGrant>) => (): void => {
      link.others.unlink(caller)
      loan.fail(new RevokedError(`service "${service}"`, 'the link to it was revoked'))
    }
    for (const loan of this.#loans) if (loan.caller === caller) loan.endBy(cut(loan))
  }

  /** The thread is gone, or has stopped: what by a link has not been answered fails with that. */
  close(make: () => Error): void {
    for (const loan of [...this.#loans, ...this.#answers]) loan.fail(make())
  }

  #mayHave(caller: ContextId): boolean {
    const { service, context, link, methods } = this.#options
    return link.others.canLend && methods.some((method) => isAdmitted(method, caller, context, service))
  }

  #forget(loan: Loan<LinkGrant>): void {
    if (!this.#loans.delete(loan)) return
    const { counts } = loan.grant
    this.#past.succeeded += counts[LINK_COUNTS.succeeded]!
    this.#past.failed += counts[LINK_COUNTS.failed]!
    this.#options.onReturned()
  }
}

/** What was lent to one caller, as the owner has it. It is over when the caller has left, or when it has failed. */
export class Loan<Grant = LinkGrant | AnswerGrant> implements Follower {
  readonly caller: ContextId
  readonly grant: Grant
  followsAfter: Follower | undefined = undefined
  followedBy: Follower | undefined = undefined
  readonly #onOver: () => void
  readonly #recalled = Promise.withResolvers<void>()
  readonly #over = Promise.withResolvers<{ readonly error?: Error }>()
  #late: NodeJS.Timeout | undefined

  constructor(caller: ContextId, grant: Grant, onOver: () => void) {
    this.caller = caller
    this.grant = grant
    this.#onOver = onOver
  }

  /** What the caller is told. */
  async *notices(): AsyncGenerator<Grant | 'leave'> {
    yield this.grant
    await Promise.race([this.#recalled.promise, this.#over.promise])
    yield 'leave'
    const { error } = await this.#over.promise
    if (error !== undefined) throw error
  }

  recall(): void {
    this.#recalled.resolve()
  }

  /** @param cut called when it is not over in time */
  endBy(cut: () => void): void {
    this.#late ??= setTimeout(cut, REVOKE_MS).unref()
  }

  fail(error: Error): void {
    this.#end({ error })
  }

  /** The caller has left, or is gone. */
  abort(): void {
    this.#end({})
  }

  #end(end: { readonly error?: Error }): void {
    clearTimeout(this.#late)
    this.#over.resolve(end)
    this.#onOver()
  }
}
