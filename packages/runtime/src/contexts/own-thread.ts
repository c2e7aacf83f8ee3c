/** A place whose every lease is a thread of its own: what a service has unless it is put into a context. */
import type { ContextId } from '@troupe/worker-host'
import type { ContextLink } from './context-link.ts'
import type { Lease, Patience, Place, StartThread } from './place.ts'

export class OwnThread implements Place {
  readonly kind = 'thread'
  readonly id: ContextId
  readonly #start: StartThread
  readonly #alive = new Set<ContextLink>()

  constructor(id: ContextId, start: StartThread) {
    this.id = id
    this.#start = start
  }

  get thread(): ContextLink | undefined {
    const [first] = this.#alive
    return first
  }

  async lease(kill: AbortController, patiently: Patience): Promise<Lease> {
    const thread = await this.#start(kill.signal, patiently)
    this.#alive.add(thread)
    void thread.died.then(() => this.#alive.delete(thread))
    return {
      host: thread.addHost(),
      carrier: thread.carrier,
      settled: () => thread.settled(),
      release: () => thread.retire((reason) => kill.abort(reason)),
      abandon: (reason) => kill.abort(reason),
    }
  }
}
