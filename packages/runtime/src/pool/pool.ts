/**
 * The owner's map from service name to service. All that a pool promises stands here in one place; what it does is done by
 * its parts, which `pool-parts.ts` puts together.
 *
 *     await using pool = new Pool()
 *     const views = await pool.spawn<PageViews>({
 *       name: 'page-views',
 *       module: new URL('./page-views.ts', import.meta.url),
 *       options: { file: 'views.db' },
 *     })
 *     await views.proxy.increment('https://example.org/')
 *
 * Closing a pool settles every call, stops every service (pause, stop, and a kill after its grace), and ends every
 * thread: nothing of it keeps the process alive after that.
 */
import { type InjectOptions, NoSuchServiceError, type RefusalReason } from '@troupe/worker-host'
import { type Channel, type ParentService, requireNumber, requireOptions } from '@troupe/worker-host/owner'
import type { Home } from '../contexts/home.ts'
import { closed, type ServiceGraph } from '../graph/service-graph.ts'
import { requireModule } from '../modules/module-url.ts'
import type { ServiceProxy } from '../proxy/service-proxy.ts'
import type { ServiceHandle } from '../services/service-handle.ts'
import { type ContextSpec, checkContextSpec } from '../specs/context-spec.ts'
import { checkPoolOptions, type PoolOptions } from '../specs/pool-options.ts'
import { requireText } from '../specs/required.ts'
import type { InvokerSpec } from '../specs/service-invoker.ts'
import type { ServiceSpec } from '../specs/service-spec.ts'
import { Children } from './children.ts'
import type { Context } from './context.ts'
import type { GraphOptions } from './pool-graph.ts'
import { PoolParts } from './pool-parts.ts'
import { copyOf } from './provided-values.ts'
import type { PoolEventMap, PoolListener } from './refusals.ts'

export interface PoolStats {
  readonly services: number
  /** Contexts made by `context`; a service's own is not counted. */
  readonly contexts: number
  /** What was refused by this pool, and in the contexts below. */
  readonly refused: Readonly<Record<RefusalReason, number>>
}

/** What errors call what they were given. */
const NAME = "a service's name"
const EXPORT = "an export's name"

/** The parent script: nobody is above it, and its thread is not for services. */
const ROOT: Home = { id: 'root', parent: undefined, thread: undefined, tellRefused: undefined }

export class Pool implements AsyncDisposable {
  readonly #parts: PoolParts
  #closing: Promise<void> | undefined

  /**
   * @param home for a pool that is made in a context, which Troupe does itself
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   */
  constructor(options: PoolOptions = {}, home: Home = ROOT) {
    this.#parts = new PoolParts(checkPoolOptions(options), home)
  }

  /** The names of the services, in the order they came. */
  get names(): readonly string[] {
    return this.#parts.services.names
  }

  /**
   * Adds a service and brings it to RUNNING, after those that it depends on. One that does not get there is taken out
   * again, so its name is free.
   *
   * @throws {StartFailedError} ERR_TROUPE_START_FAILED, with what went wrong as `cause`; else as `add`
   */
  spawn<S>(spec: ServiceSpec<S>): Promise<ServiceHandle<S>> {
    return this.#parts.services.spawn(spec)
  }

  /**
   * Adds a service, STOPPED; its handle's `start` starts it.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, listing all that is wrong with the specification; and for a
   *   circle of dependencies, which it prints
   * @throws {DuplicateNameError} ERR_TROUPE_DUPLICATE_NAME
   * @throws {NotCloneableError} ERR_TROUPE_NOT_CLONEABLE when `options` can't be copied to a thread
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED
   */
  add<S>(spec: ServiceSpec<S>): ServiceHandle<S> {
    return this.#parts.services.add(spec)
  }

  /**
   * Brings services up, by default all of them, with those that they depend on: everything is prepared before anything
   * is started, in dependency order, independent ones side by side. When one fails, those that this has brought up are
   * stopped again, in reverse.
   *
   * @throws the first error, or an AggregateError with the later ones too, those of the way back included
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for a name, or a dependency, that is not there
   */
  async start(...names: readonly string[]): Promise<void> {
    for (const name of names) requireText(NAME, name)
    await this.#parts.services.start(names.length > 0 ? names : this.names)
  }

  /**
   * Stops a service and takes it out: its name is free, and its handle of no more use, whether the stop went well or not.
   *
   * @throws {NoSuchServiceError} ERR_TROUPE_NO_SUCH_SERVICE; else as the handle's `stop`
   */
  async remove(name: string): Promise<void> {
    const handle = this.get(name)
    try {
      await handle.stop()
    } finally {
      await handle.close()
      this.#parts.services.forget(handle)
    }
  }

  /**
   * Makes a context: a thread, or a process, for several services, with one identity; it is ready when the promise resolves.
   *
   * @param startedBy for a service that makes it, which Troupe says itself
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   * @throws {DuplicateNameError} ERR_TROUPE_DUPLICATE_NAME when a context, or a service that is one by itself, has the name
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED
   * @throws {ServiceCrashedError} ERR_TROUPE_SERVICE_CRASHED when its thread or process ended before it was ready,
   *   or was not so within 10 s
   */
  async context(spec: ContextSpec, startedBy?: string): Promise<Context> {
    const checked = checkContextSpec(spec)
    const { contexts, services } = this.#parts
    this.#parts.requireOpen(() => `context "${spec.name}" can't be made`)
    this.#parts.requireFree(spec.name)
    return contexts.make(checked, (place) => ({
      add: (spec) => services.add(spec, place, startedBy),
      spawn: (spec) => services.spawn(spec, place, startedBy),
    }))
  }

  /**
   * A service by the name it was given, or by its canonical one, `module#Class`, which is known once its class is; of
   * several objects of one class, the first that was added.
   *
   * @throws {NoSuchServiceError} ERR_TROUPE_NO_SUCH_SERVICE, naming those that there are
   */
  get<S = unknown>(name: string): ServiceHandle<S> {
    requireText(NAME, name)
    const handle = this.#parts.services.find(name)
    if (handle === undefined) throw new NoSuchServiceError(name, this.names)
    return handle as ServiceHandle<S>
  }

  /**
   * The proxy of a service by its name, which is looked up at each call: it may be made before the service is added. A
   * call waits for its service, within its deadline. In a context the name may be that of a service above; and a path
   * such as `images/resize` leads down, to a service of the pool in the context `images`.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what can't be a name; calls reject as those of any `ServiceProxy`
   */
  proxy<S>(name: string): ServiceProxy<S> {
    return this.#parts.proxy(name) as ServiceProxy<S>
  }

  /**
   * Brings a service to life that nobody has specified, or joins it: once, however many ask. It gets its canonical name.
   * In a context it lives in the context's thread, in the parent script's pool in one of its own; it ends with its pool.
   *
   * @throws {ActivationDeniedError} ERR_TROUPE_ACTIVATION_DENIED when the module is none of those that may be activated
   * @throws {StartFailedError} ERR_TROUPE_START_FAILED; whoever asks next tries again
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   */
  async activate<S>(module: URL | string, exportName: string): Promise<ServiceProxy<S>> {
    requireText(EXPORT, exportName)
    return this.proxy<S>(await this.#parts.desk.activate(this.#parts.id, requireModule(module), exportName))
  }

  /**
   * Calls a service by its name: one that has a canonical name and is not alive is activated.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what can't be a name; else as any method of a `ServiceProxy`
   */
  async call<Result = unknown>(name: string, method: string, ...args: unknown[]): Promise<Result> {
    return (await this.#parts.switchboard.route(this.#parts.request(name, method, args))) as Result
  }

  /**
   * Sets how calls reach the service of that name: instead of its specification's `invoker`, and before it is added.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS when the service is there already
   */
  register(name: string, invoker: InvokerSpec): void {
    requireText(NAME, name)
    this.#parts.services.register(name, invoker)
  }

  stats(): PoolStats {
    return {
      services: this.#parts.services.size,
      contexts: this.#parts.contexts.size,
      refused: this.#parts.refusals.counts,
    }
  }

  /** Listens to what the pool tells; what a listener throws, or rejects with, becomes a warning. */
  on<Event extends keyof PoolEventMap>(event: Event, listener: PoolListener<Event>): this {
    this.#parts.refusals.on(event, listener)
    return this
  }

  off<Event extends keyof PoolEventMap>(event: Event, listener: PoolListener<Event>): this {
    this.#parts.refusals.off(event, listener)
    return this
  }

  /**
   * A picture of the contexts and services of this pool and of all below it, at one moment; `toDot` and `toMermaid` draw it.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   */
  async graph(options: GraphOptions = {}): Promise<ServiceGraph> {
    requireOptions('graph', options, ['timeoutMs'])
    const { timeoutMs = 1_000 } = options
    requireNumber('timeoutMs', timeoutMs, { above: 0 })
    return closed(await this.#parts.graph(timeoutMs))
  }

  /**
   * Provides a value, copied as it is now, to all services that inject its key, here and below. Disposing of what this
   * returns takes it back.
   *
   * @throws {DuplicateNameError} ERR_TROUPE_DUPLICATE_NAME while this pool has a value of that key
   * @throws {NotCloneableError} ERR_TROUPE_NOT_CLONEABLE for what structured clone would lose, marked values too
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED
   */
  provide(key: string, value: unknown): Disposable {
    const { values } = this.#parts.answers
    const provision = values.provide(key, copyOf(key, value))
    return { [Symbol.dispose]: () => values.withdraw(provision) }
  }

  /**
   * Waits for a value of that key: resolves with a copy as soon as it is there. Rejects with the signal's reason.
   *
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED when the pool is closed before it comes
   */
  inject<T = unknown>(key: string, options?: InjectOptions): Promise<T> {
    return this.#parts.answers.values.inject(key, options) as Promise<T>
  }

  /** Closes the pool; a second call joins the first. */
  close(): Promise<void> {
    this.#closing ??= this.#parts.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal for a service that has children below it */
  childrenOf(parent: ParentService): Children {
    return new Children(this, parent)
  }

  /** @internal for a service that brings others up */
  actingFor(service: string): Pick<Pool, 'add' | 'spawn' | 'context'> {
    return {
      add: (spec) => this.#parts.services.add(spec, undefined, service),
      spawn: (spec) => this.#parts.services.spawn(spec, undefined, service),
      context: (spec) => this.context(spec, service),
    }
  }

  /** @internal for a service that provides a value */
  provideFor(service: string, key: string, value: unknown): Promise<AsyncDisposable> {
    return this.#parts.answers.provideFor(service, key, value)
  }

  /** @internal takes the calls that come from above, in a pool that is in a context */
  serveParent(port: Channel): void {
    this.#parts.switchboard.serveParent(port)
  }
}
