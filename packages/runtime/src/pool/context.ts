/**
 * A context that several services share: one thread or one process, one identity.
 *
 *     const images = await pool.context({ name: 'images', resourceLimits: { maxOldGenerationSizeMb: 512 } })
 *     const resize = await images.spawn<Resize>({ name: 'resize', module: … })
 *     await images.close()
 *
 * A service that stops or fails leaves the context to the others. What ends its thread or process (an uncaught exception,
 * `process.exit`, a hook that never ends, a kill) is a crash to each of them; those whose supervision says so are
 * restarted, in a new one that they share again.
 */
import { type ContextId, PoolClosedError } from '@troupe/worker-host'
import type { SharedThread } from '../contexts/shared-thread.ts'
import type { ServiceProxy } from '../proxy/service-proxy.ts'
import type { ServiceHandle } from '../services/service-handle.ts'
import { requireTenant } from '../specs/context-spec.ts'
import type { ServiceSpec } from '../specs/service-spec.ts'

/** What a context asks of the pool that made it. */
export interface ContextKeeper {
  /** Adds a service that will live there. */
  add<S>(spec: ServiceSpec<S>): ServiceHandle<S>
  spawn<S>(spec: ServiceSpec<S>): Promise<ServiceHandle<S>>
  /** Brings a service to life there. */
  activate<S>(module: URL | string, exportName: string): Promise<ServiceProxy<S>>
  call(name: string, method: string, args: readonly unknown[]): Promise<unknown>
  /** Stops the services there, then takes the context out. */
  close(): Promise<void>
}

export class Context implements AsyncDisposable {
  readonly name: string
  /** @internal */
  readonly place: SharedThread
  readonly #keeper: ContextKeeper
  #closing: Promise<void> | undefined

  /** @internal made by a pool */
  constructor(name: string, place: SharedThread, keeper: ContextKeeper) {
    this.name = name
    this.place = place
    this.#keeper = keeper
  }

  /** Its place in the tree, such as `root/images`: the identity with which the services in it call. */
  get id(): ContextId {
    return this.place.id
  }

  /** @internal nothing is started in it any more */
  get isClosing(): boolean {
    return this.#closing !== undefined
  }

  /**
   * Adds a service that will live here, and brings it to RUNNING.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is the thread's: `thread`, `threads`, `resourceLimits`
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED when the context is closed; else as `pool.spawn`
   */
  async spawn<S>(spec: ServiceSpec<S>): Promise<ServiceHandle<S>> {
    return this.#keeper.spawn<S>(this.#admit(spec))
  }

  /** Adds a service that will live here, STOPPED. @throws as `spawn` here, and `pool.add` */
  add<S>(spec: ServiceSpec<S>): ServiceHandle<S> {
    return this.#keeper.add<S>(this.#admit(spec))
  }

  /**
   * Brings a service to life in the context's own pool, or joins it.
   *
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED when the context is closed; else as `pool.activate`
   */
  async activate<S>(module: URL | string, exportName: string): Promise<ServiceProxy<S>> {
    this.#requireOpen()
    return this.#keeper.activate<S>(module, exportName)
  }

  /**
   * Calls a service here by its name, or by its canonical name, `module#Class`: one that is not alive is activated, and
   * ends with the context. As `pool.call`.
   *
   * @throws {ActivationDeniedError} ERR_TROUPE_ACTIVATION_DENIED when the module is none of those that may be activated
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED
   */
  async call<Result = unknown>(name: string, method: string, ...args: unknown[]): Promise<Result> {
    this.#requireOpen()
    return (await this.#keeper.call(name, method, args)) as Result
  }

  /** Ends the context's thread or process at once: a crash to every service in it. */
  kill(reason: unknown = new Error(`context "${this.id}" was killed`)): void {
    this.place.kill(reason)
  }

  /** Stops the services here as a closing pool does, and ends the thread or process; a second call joins the first. */
  close(): Promise<void> {
    this.#closing ??= this.#keeper.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #admit<S>(spec: ServiceSpec<S>): ServiceSpec<S> {
    this.#requireOpen()
    return requireTenant(spec)
  }

  /** What is closed is not brought to life again. */
  #requireOpen(): void {
    if (this.isClosing) throw new PoolClosedError(`context "${this.id}" takes no more services and calls`)
  }
}
