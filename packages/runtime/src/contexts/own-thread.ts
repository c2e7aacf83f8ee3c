/** A place whose every lease is a thread of its own: what a service has unless it is put into a context. */
import type { ContextId } from '@troupe/worker-host'
import { ThreadContext } from '../threads/thread-context.ts'
import type { ThreadSupply } from '../threads/thread-supply.ts'
import type { Lease, Place } from './place.ts'

export class OwnThread implements Place {
  readonly id: ContextId
  readonly #supply: () => ThreadSupply

  constructor(id: ContextId, supply: () => ThreadSupply) {
    this.id = id
    this.#supply = supply
  }

  async lease(kill: AbortController): Promise<Lease> {
    const thread = await ThreadContext.open(this.#supply(), kill.signal)
    return {
      host: thread.addHost(),
      release: () => thread.retire(),
      abandon: (reason) => kill.abort(reason),
    }
  }
}
