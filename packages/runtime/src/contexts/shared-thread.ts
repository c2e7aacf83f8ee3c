/**
 * A place whose leases share one thread, or one process. It is started for the first of them, and anew for the next one after it has
 * died; a service that stops or fails leaves it to the others, but one that won't listen takes it along.
 */
import type { ContextId } from '@troupe/worker-host'
import type { ContextLink } from './context-link.ts'
import type { Lease, Place, StartThread } from './place.ts'

interface Incarnation {
  readonly kill: AbortController
  readonly opening: Promise<ContextLink>
}

export class SharedThread implements Place {
  readonly kind: Place['kind']
  readonly id: ContextId
  readonly #start: StartThread
  #current: Incarnation | undefined
  #thread: ContextLink | undefined

  constructor(id: ContextId, start: StartThread, kind: Place['kind'] = 'thread') {
    this.id = id
    this.kind = kind
    this.#start = start
  }

  get thread(): ContextLink | undefined {
    return this.#thread
  }

  async lease(kill: AbortController): Promise<Lease> {
    const incarnation = this.#open()
    const killAll = (): void => incarnation.kill.abort(kill.signal.reason)
    if (kill.signal.aborted) killAll()
    kill.signal.addEventListener('abort', killAll, { once: true })
    const thread = await incarnation.opening
    const host = thread.addHost()
    void host.ended.then(() => kill.signal.removeEventListener('abort', killAll))
    return {
      host,
      carrier: thread.carrier,
      settled: () => thread.settled(),
      release: async () => host.end({}),
      abandon: (reason) => {
        host.tell((api) => api.close()) // unanswered where it is stuck; then the thread's end is the host's too
        setImmediate(() => host.end({ cause: reason }))
      },
    }
  }

  get isOpening(): boolean {
    return this.#current !== undefined && this.#thread === undefined
  }

  /** Starts the thread, when there is none. */
  async open(): Promise<void> {
    await this.#open().opening
  }

  /** Ends the thread at once: a crash to every service in it. */
  kill(reason: unknown): void {
    this.#current?.kill.abort(reason)
  }

  /** Ends the thread, whose services have stopped; one that is still to come is of no use any more. */
  async close(): Promise<void> {
    if (this.isOpening) this.kill(new Error(`"${this.id}" was closed`))
    const thread = await this.#current?.opening.catch(() => undefined)
    await thread?.retire((reason) => this.kill(reason))
  }

  #open(): Incarnation {
    if (this.#current && !this.#current.kill.signal.aborted) return this.#current
    const kill = new AbortController()
    // Several may wait for it, each with a deadline of its own: its turn is part of all of them.
    const incarnation = { kill, opening: this.#start(kill.signal, (wait) => wait) }
    this.#current = incarnation
    const forget = (): void => {
      if (this.#current === incarnation) this.#current = this.#thread = undefined
    }
    incarnation.opening.then((thread) => {
      this.#thread = thread
      void thread.died.then(forget)
    }, forget)
    return incarnation
  }
}
