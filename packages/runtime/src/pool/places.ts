/** Where a pool's services live: how a thread or a process is started for them, and how all of those end. */
import type { ContextId, Refusal } from '@troupe/worker-host'
import type { Channel } from '@troupe/worker-host/owner'
import { ContextLink } from '../contexts/context-link.ts'
import type { Home } from '../contexts/home.ts'
import { OwnThread } from '../contexts/own-thread.ts'
import type { Place, StartThread } from '../contexts/place.ts'
import { SharedThread } from '../contexts/shared-thread.ts'
import { ThisThread } from '../contexts/this-thread.ts'
import { requireModule } from '../modules/module-url.ts'
import { ProcessSupply } from '../processes/process-supply.ts'
import type { ContextSpec } from '../specs/context-spec.ts'
import type { ServiceSpec } from '../specs/service-spec.ts'
import { checkThreadLimits, type ThreadLimits } from '../threads/thread-limits.ts'
import { ThreadSupplies } from '../threads/thread-supplies.ts'
import type { ThreadOptions } from '../threads/thread-supply.ts'
import { openThread } from '../threads/thread-vessel.ts'

export interface PlacesOptions {
  /** Of the pool. */
  readonly home: Home
  readonly threads: ThreadLimits | undefined
  /** As `PoolOptions.timeoutMs`, for the pools below. */
  readonly timeoutMs: number | null
  /** A context below has calls for others; they come by that channel until it dies. */
  readonly onUplink: (port: Channel, id: ContextId, died: ContextLink['died']) => void
  /** Something was refused in a context below. */
  readonly onRefused: (refusal: Refusal) => void
}

/** Of the pool in a context, where it shall not be as the one above it. */
interface PoolInside {
  readonly modules?: readonly URL[] | undefined
  readonly threads?: ThreadLimits | undefined
}

/** How a context's threads or processes are started. */
interface StartOrder {
  readonly id: ContextId
  readonly kind: Place['kind']
  readonly options: ThreadOptions
  readonly inside: PoolInside
}

const RUNTIME_URL = import.meta.resolve('@troupe/runtime/nested')

export class Places {
  readonly #options: PlacesOptions
  readonly #supplies: ThreadSupplies
  readonly #processes = new ProcessSupply()

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  constructor(options: PlacesOptions) {
    this.#options = options
    this.#supplies = new ThreadSupplies(checkThreadLimits(options.threads, options.home.parent ? 0 : 1))
  }

  /** For a service that is in no context: a thread of its own, or the pool's. */
  forService({ name, thread, resourceLimits }: ServiceSpec): Place {
    const { home } = this.#options
    if (thread === 'parent') return new ThisThread(home)
    const id = `${home.id}/${name}`
    return new OwnThread(id, this.#starter({ id, kind: 'thread', options: { resourceLimits }, inside: {} }))
  }

  /** For the services of a context. */
  forContext({ name, kind = 'thread', modules, threads, ...options }: ContextSpec): SharedThread {
    const id = `${this.#options.home.id}/${name}`
    const inside = { modules: modules?.map(requireModule), threads }
    return new SharedThread(id, this.#starter({ id, kind, options, inside }), kind)
  }

  /** No thread is got ready any more. */
  rest(): void {
    this.#supplies.rest()
  }

  /** Ends all threads and processes. */
  async close(): Promise<void> {
    await this.#processes.close()
    const zombies = await this.#supplies.close()
    if (zombies === 0) return
    const told = `${zombies} threads are inside a system call that can't be interrupted`
    process.emitWarning(told, { code: 'TROUPE_ZOMBIE' })
  }

  #starter({ id, kind, options, inside }: StartOrder): StartThread {
    const { timeoutMs, onUplink, onRefused } = this.#options
    const { modules, threads = this.#options.threads } = inside
    const home = { id, runtimeUrl: RUNTIME_URL, timeoutMs, threads, modules: modules?.map(String) }
    const listeners = {
      onUplink: (port: Channel, { died }: ContextLink) => onUplink(port, id, died),
      onRefused,
    }
    return async (killed, patiently) => {
      const { room, boots } = this.#supplies
      const vessel =
        kind === 'process'
          ? await this.#processes.open({ ...options, home, killed })
          : await openThread({ supply: this.#supplies.for(options), room, boots, home, killed, patiently })
      return new ContextLink(vessel, listeners)
    }
  }
}
