/**
 * The contexts that a pool has made. One whose thread or process has died is started again by its owner's calls, or with
 * a service that is restarted in it.
 */
import {
  type Clock,
  DeadlineExceededError,
  NotRunningError,
  PoolClosedError,
  ServiceCrashedError,
} from '@troupe/worker-host'
import { DESK } from '../activation/activation-desk.ts'
import type { CallRequest } from '../calls/call.ts'
import { ContextDiedError } from '../contexts/host-link.ts'
import type { SharedThread } from '../contexts/shared-thread.ts'
import { requireModule } from '../modules/module-url.ts'
import type { ServiceProxy } from '../proxy/service-proxy.ts'
import type { ContextSpec } from '../specs/context-spec.ts'
import { requireText } from '../specs/required.ts'
import { Context, type ContextKeeper } from './context.ts'
import type { Places } from './places.ts'
import type { Services } from './services.ts'

/** Longest time for a context's thread or process to be ready: the default of `transitionMs`. @unit milliseconds */
const START_MS = 10_000

export interface ContextsOptions {
  readonly clock: Clock
  readonly places: Places
  readonly services: Services
  /** A call that the pool makes itself. @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what can't be called */
  readonly request: (service: string, method: string, args: readonly unknown[]) => CallRequest
  /** Sends a call where its name leads. */
  readonly route: (request: CallRequest) => Promise<unknown>
  readonly proxyOf: <S>(name: string) => ServiceProxy<S>
}

/** How services come to a context. */
export type Settling = (place: SharedThread) => Pick<ContextKeeper, 'add' | 'spawn'>

export class Contexts {
  readonly #options: ContextsOptions
  readonly #byName = new Map<string, Context>()

  constructor(options: ContextsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#byName.size
  }

  get(name: string): Context | undefined {
    return this.#byName.get(name)
  }

  all(): readonly Context[] {
    return [...this.#byName.values()]
  }

  /** Resolves when it is ready; before that its name is taken. @throws as `Pool.context` */
  async make(spec: ContextSpec, settling: Settling): Promise<Context> {
    const { name } = spec
    const { places, request } = this.#options
    const place = places.forContext(spec)
    const context = new Context(name, place, {
      ...settling(place),
      activate: (module, exportName) => this.#activate(name, place, requireModule(module), exportName),
      call: (service, method, args) => this.#call(name, place, request(service, method, args)),
      close: () => this.#close(name, place),
    })
    this.#byName.set(name, context)
    try {
      await this.#open(place)
    } catch (error) {
      this.#byName.delete(name)
      if (context.isClosing) throw new PoolClosedError(`context "${name}" was not made`, { cause: error })
      throw error
    }
    return context
  }

  /**
   * For a call into a context whose thread has died: its owner's calls start the next one, and others wait for it at most.
   * @returns undefined where there is no such context
   */
  reopen(name: string, isOwn: boolean): Promise<void> | undefined {
    const context = this.#byName.get(name)
    if (context === undefined || context.isClosing) return undefined
    const { place } = context
    return isOwn || place.isOpening
      ? this.#open(place)
      : Promise.reject(new NotRunningError(name, 'STOPPED', { what: 'context' }))
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.all().map((context) => context.close()))
  }

  /** @throws {ServiceCrashedError} ERR_TROUPE_SERVICE_CRASHED when the thread or process ended before it was ready, or was late */
  async #open(place: SharedThread): Promise<void> {
    const kill = (): void => place.kill(new DeadlineExceededError(`starting "${place.id}"`, START_MS))
    const cancelTimer = this.#options.clock.setTimer(kill, START_MS)
    try {
      await place.open()
    } catch (error) {
      if (!(error instanceof ContextDiedError)) throw error
      throw new ServiceCrashedError(place.id, { ...error.death, mayHaveRun: false })
    } finally {
      cancelTimer()
    }
  }

  async #call(name: string, place: SharedThread, request: CallRequest): Promise<unknown> {
    const { services, route } = this.#options
    await this.#open(place)
    const own = services.get(request.service)
    if (own?.place === place) return own.send(request)
    return route({ ...request, service: `${name}/${request.service}` })
  }

  /** By the pool that is in the context: made for it, if it has none yet. */
  async #activate<S>(name: string, place: SharedThread, module: URL, exportName: string): Promise<ServiceProxy<S>> {
    const { request, proxyOf } = this.#options
    requireText("an export's name", exportName)
    const activated = await this.#call(name, place, request(DESK, 'activate', [module.href, exportName]))
    return proxyOf<S>(`${name}/${activated}`)
  }

  async #close(name: string, place: SharedThread): Promise<void> {
    const { services } = this.#options
    const inside = services.all().filter((handle) => handle.context === place.id)
    await Promise.all(inside.map((handle) => handle.close()))
    for (const handle of inside) services.forget(handle)
    await place.close()
    this.#byName.delete(name)
  }
}
