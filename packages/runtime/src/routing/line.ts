/**
 * One context's calls to one service by its name. They begin as routed ones, from owner to owner; when there have been
 * enough of them, the owner is asked for a link, and they go straight to the service's thread.
 *
 *     routed ──ASK_AFTER calls──→ asking ──granted──→ direct ──recalled, or its thread is gone──→ routed
 *                                    ├──answers granted──→ routed, the results straight ──its thread is gone──→ routed
 *                                    └──refused──→ routed, and twice as many calls before the next question
 *
 * The order of the calls is the same throughout. While the owner is asked, calls wait here: the question goes behind those
 * that were routed before it, and so does the order that makes the link on its way to the thread. And on the way back they
 * wait until a fence tells that those that went by the link have begun.
 */
import { type ContextId, NotRunningError, PoolClosedError, ServiceCrashedError } from '@troupe/worker-host'
import type { RemoteStream } from '@troupe/worker-host/owner'
import type { CallRequest } from '../calls/call.ts'
import type { DeadlineWatch } from '../calls/deadline-watch.ts'
import { ConcurrentInvoker } from '../calls/invoker.ts'
import { DirectLink } from './direct-link.ts'
import { type AnswerGrant, LINKS, type LinkGrant, type LinkNotice } from './link-terms.ts'
import type { Way } from './way.ts'

/** Fewer are not worth a channel. */
const ASK_AFTER = 8
const MAX_ASK_AFTER = 1_048_576

export interface LineOptions {
  readonly service: string
  readonly caller: ContextId
  readonly way: Way
  readonly watch: DeadlineWatch
}

export class Line {
  readonly #options: LineOptions
  readonly #invoker = new ConcurrentInvoker()
  #direct: DirectLink | undefined
  #isAsking = false
  #hasAnswers = false
  /** The link is empty and given back as soon as everything is answered. */
  #isLeft = false
  #routed = 0
  #askAfter = ASK_AFTER
  #goneBy = new AbortController()

  constructor(options: LineOptions) {
    this.#options = options
    const { queue } = this.#invoker
    queue.bind(this, options.service, options.watch)
    queue.connect([options.way.sink])
    queue.setFlow('send')
  }

  send(request: CallRequest): Promise<unknown> {
    const outcome = this.#invoker.receive(request)
    if (this.#direct !== undefined) this.#direct.count()
    else if (++this.#routed >= this.#askAfter && !this.#isAsking) void this.#borrow()
    return outcome
  }

  /** The context's pool is closed. */
  close(cause: unknown): void {
    this.#invoker.queue.setFlow('hold')
    const unanswered = ({ subject }: { readonly subject: string }) => new PoolClosedError(`${subject} was not answered`)
    for (const call of this.#direct?.close({ cause }) ?? []) call.fail(() => unanswered(call))
    this.#invoker.queue.failWaiting(unanswered)
    this.#direct = undefined
    this.#goneBy.abort(cause)
  }

  async #borrow(): Promise<void> {
    const { service, caller, way } = this.#options
    this.#isAsking = true
    this.#goneBy = new AbortController()
    const { signal } = this.#goneBy
    let failure: unknown
    try {
      const asked = way.send({
        service: LINKS,
        method: 'borrow',
        args: [service],
        caller,
        isIdempotent: true,
        signal,
        timeoutMs: null,
      })
      this.#invoker.queue.setFlow('hold')
      const notices = (await asked) as RemoteStream<LinkNotice> | undefined
      for await (const notice of notices ?? []) notice === 'leave' ? void this.#leave() : this.#take(notice)
    } catch (error) {
      failure = error
    }
    if (!signal.aborted) this.#end(failure)
    this.#isAsking = false
  }

  #take(grant: LinkGrant | AnswerGrant): void {
    const { service, caller, way, watch } = this.#options
    const { queue } = this.#invoker
    if ('answers' in grant) {
      this.#hasAnswers = true
      way.answers.open(service, grant.answers)
      return queue.setFlow('send')
    }
    this.#direct = new DirectLink({ service, caller, grant, routed: way.sink, watch, onRoom: () => this.#onRoom() })
    queue.connect([this.#direct.sink])
    queue.setFlow('send')
    this.#direct.count()
  }

  #onRoom(): void {
    this.#invoker.queue.pump()
    this.#direct?.count()
    if (this.#isLeft && this.#direct?.sink.pending === 0) this.#giveBack()
  }

  /** The calls that wait here go by the link too; then those that come after them are routed. */
  async #leave(): Promise<void> {
    const direct = this.#direct
    const { queue } = this.#invoker
    if (direct === undefined) return
    queue.empty(direct.sink)
    queue.setFlow('hold')
    await direct.sink.fence()
    if (this.#direct !== direct) return // its thread is gone meanwhile
    this.#isLeft = true
    this.#goOnRouted()
    this.#onRoom()
  }

  #giveBack(): void {
    this.#direct?.close()
    this.#direct = undefined
    this.#isLeft = false
    this.#goneBy.abort()
    this.#routed = 0
    this.#askAfter = ASK_AFTER
  }

  /** The link is over, or there was none. */
  #end(failure: unknown): void {
    const direct = this.#direct
    const late = (error: unknown) =>
      error instanceof Error ? error : new NotRunningError(this.#options.service, 'STOPPED')
    this.#direct = undefined
    this.#isLeft = false
    this.#routed = 0
    const hadNone = direct === undefined && !this.#hasAnswers
    if (this.#hasAnswers) this.#options.way.answers.close(this.#options.service)
    this.#hasAnswers = false
    this.#askAfter = hadNone ? Math.min(this.#askAfter * 2, MAX_ASK_AFTER) : ASK_AFTER
    // Whoever ended it knows what becomes of the calls that have not begun: they are routed.
    const untouched =
      failure instanceof ServiceCrashedError ? direct?.close(failure) : direct?.close({}, () => late(failure))
    this.#invoker.queue.putBack(untouched ?? [])
    this.#goOnRouted()
  }

  #goOnRouted(): void {
    this.#invoker.queue.connect([this.#options.way.sink])
    this.#invoker.queue.setFlow('send')
  }
}
