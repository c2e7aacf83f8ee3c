/**
 * The owner's map from service name to service. All that a pool promises stands here in one place; what it does is done by
 * its parts: `Services` and `Contexts`, `Places` for threads and processes, `Switchboard` for calls by name, `ActivationDesk`, …
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

import {
  BadOptionsError,
  type Clock,
  DuplicateNameError,
  type InjectOptions,
  NoSuchServiceError,
  PoolClosedError,
  type RefusalReason,
  systemClock,
} from '@troupe/worker-host'
import { type Channel, type ParentService, requireNumber, requireOptions } from '@troupe/worker-host/owner'
import { ActivationDesk, DESK } from '../activation/activation-desk.ts'
import { type ActivationSpec, Activator } from '../activation/activator.ts'
import { AllowedModules } from '../activation/allowed-modules.ts'
import type { CallRequest, RefusedCall } from '../calls/call.ts'
import { DeadlineWatch } from '../calls/deadline-watch.ts'
import type { Invoker } from '../calls/invoker.ts'
import type { Home } from '../contexts/home.ts'
import type { Place } from '../contexts/place.ts'
import { requireNoCircle } from '../graph/dependencies.ts'
import { closed, type ServiceGraph } from '../graph/service-graph.ts'
import { requireModule } from '../modules/module-url.ts'
import { ProxyObject, type ServiceProxy } from '../proxy/service-proxy.ts'
import { Switchboard } from '../routing/switchboard.ts'
import { Children } from './children.ts'
import type { Context } from './context.ts'
import { type ContextSpec, checkContextSpec } from './context-spec.ts'
import { Contexts } from './contexts.ts'
import { Places } from './places.ts'
import { graphOf } from './pool-graph.ts'
import { checkPoolOptions, type PoolOptions } from './pool-options.ts'
import { POOL_SERVICE, PoolService, question } from './pool-service.ts'
import { copyOf } from './provided-values.ts'
import { type PoolEventMap, type PoolListener, Refusals } from './refusals.ts'
import { requireObject, requireServiceName, requireText } from './required.ts'
import { ServiceHandle } from './service-handle.ts'
import { type InvokerSpec, toInvoker } from './service-invoker.ts'
import { checkSpec, type ServiceSpec } from './service-spec.ts'
import { Services } from './services.ts'

export interface PoolStats {
  readonly services: number
  /** Contexts made by `context`; a service's own is not counted. */
  readonly contexts: number
  /** What was refused by this pool, and in the contexts below. */
  readonly refused: Readonly<Record<RefusalReason, number>>
}

export interface GraphOptions {
  /**
   * Longest time that the contexts are waited for; one that does not answer, as its thread is blocked, is not complete.
   * @unit milliseconds @defaultValue 1_000
   */
  readonly timeoutMs?: number
}

/** Of the time that a pool is given for its picture, what it gives on: so that it still answers when those below don't. */
const SHARE_BELOW = 0.5

/** What errors call what they were given. */
const NAME = "a service's name"
const EXPORT = "an export's name"

/** The parent script: nobody is above it, and its thread is not for services. */
const ROOT: Home = { id: 'root', parent: undefined, thread: undefined, tellRefused: undefined }

export class Pool implements AsyncDisposable {
  readonly #home: Home
  readonly #timeoutMs: number | null
  readonly #switchboard: Switchboard
  readonly #self: PoolService
  readonly #clock: Clock
  readonly #watch: DeadlineWatch
  readonly #services: Services
  readonly #contexts: Contexts
  readonly #registered = new Map<string, Invoker>()
  readonly #places: Places
  readonly #refusals: Refusals
  readonly #desk: ActivationDesk
  #closing: Promise<void> | undefined

  /**
   * @param home for a pool that is made in a context, which Troupe does itself
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   */
  constructor(options: PoolOptions = {}, home: Home = ROOT) {
    const checked = checkPoolOptions(options)
    const { threads, timeoutMs = 30_000, clock = systemClock, modules, activator = new Activator() } = checked
    this.#clock = clock
    this.#watch = new DeadlineWatch(clock)
    this.#timeoutMs = timeoutMs
    this.#home = home
    this.#services = new Services(home.id, activator)
    this.#refusals = new Refusals(home.tellRefused)
    this.#places = new Places({
      home,
      threads,
      timeoutMs,
      onUplink: (port, id, died) => this.#switchboard.serveChild(port, id, died),
      onRefused: (refusal) => this.#refusals.tell(refusal),
    })
    this.#contexts = new Contexts({
      clock,
      places: this.#places,
      services: this.#services,
      request: (service, method, args) => this.#request(service, method, args),
      route: (request) => this.#switchboard.route(request),
      proxyOf: (name) => this.proxy(name),
    })
    this.#switchboard = new Switchboard({
      id: home.id,
      watch: this.#watch,
      serviceNamed: (name) => this.#sendTo(name),
      activate: (request, isFromAbove) => this.#desk.take(request, isFromAbove),
      threadNamed: (name) => (this.#contexts.get(name) ?? this.#services.get(name))?.place.thread,
      reopen: (name, isOwn) => this.#contexts.reopen(name, isOwn),
      lend: (name, caller) => this.#services.get(name)?.lend(caller),
      names: () => this.names,
      onForged: (call) => this.#refusals.tell({ ...call, reason: 'forged', at: home.id }),
    })
    this.#self = new PoolService({
      id: home.id,
      serviceNamed: (name) => this.#services.get(name),
      askAbove: (request) => this.#switchboard.askAbove(request),
      graph: (limitMs) => this.#graph(limitMs),
      onRefused: (request) => this.#tellPolicy(request),
    })
    if (home.parent) this.#switchboard.connectUp(home.parent)
    this.#desk = new ActivationDesk({
      id: home.id,
      activator,
      modules: modules && new AllowedModules(modules.map(requireModule)),
      given: () => this.#services.modules,
      thread: home.thread ? 'parent' : 'own',
      serviceNamed: (name) => this.#services.find(name)?.send,
      spawn: (spec) => this.#bringToLife(spec),
      above: home.parent && ((request) => this.#switchboard.sendUp(request)),
      expect: (request) => this.#switchboard.expect(request),
      disappoint: (name, make) => this.#switchboard.disappoint(name, make),
      onRefused: (refusal) => this.#refusals.tell(refusal),
    })
  }

  /** The names of the services, in the order they came. */
  get names(): readonly string[] {
    return this.#services.names
  }

  /**
   * Adds a service and brings it to RUNNING, after those that it depends on. One that does not get there is taken out
   * again, so its name is free.
   *
   * @throws {StartFailedError} ERR_TROUPE_START_FAILED, with what went wrong as `cause`; else as `add`
   */
  spawn<S>(spec: ServiceSpec<S>): Promise<ServiceHandle<S>> {
    return this.#spawn(spec)
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
    return this.#add(spec)
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
    await this.#services.start(names.length > 0 ? names : this.names)
  }

  /** Stops a service and takes it out: its name is free, and its handle of no more use. */
  async remove(name: string): Promise<void> {
    const handle = this.get(name)
    try {
      await handle.stop()
    } finally {
      await handle.close()
      this.#services.forget(handle)
    }
  }

  /**
   * Makes a context: a thread, or a process, for several services, with one identity; it is ready when the promise resolves.
   *
   * @param startedBy for a service that makes it, which Troupe says itself
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   * @throws {DuplicateNameError} ERR_TROUPE_DUPLICATE_NAME when a context, or a service that is one by itself, has the name
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED
   * @throws {ServiceCrashedError} ERR_TROUPE_SERVICE_CRASHED when its thread or process ended before it was ready
   */
  async context(spec: ContextSpec, startedBy?: string): Promise<Context> {
    const checked = checkContextSpec(spec)
    if (this.#closing) throw new PoolClosedError(`context "${spec.name}" can't be made`)
    this.#requireFree(spec.name)
    return this.#contexts.make(checked, (place) => ({
      add: (spec) => this.#add(spec, place, startedBy),
      spawn: (spec) => this.#spawn(spec, place, startedBy),
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
    const handle = this.#services.find(name)
    if (handle === undefined) throw new NoSuchServiceError(name, this.names)
    return handle as ServiceHandle<S>
  }

  /**
   * The proxy of a service by its name, which is looked up at each call: it may be made before the service is added. A
   * call waits for its service, within its deadline. In a context the name may be that of a service above; and a path
   * such as `images/resize` leads down, to a service of the pool in the context `images`.
   */
  proxy<S>(name: string): ServiceProxy<S> {
    requireServiceName(name)
    const known = this.#services.find(name)
    if (known !== undefined) return known.proxy as ServiceProxy<S>
    const invoke = (request: CallRequest) => this.#switchboard.route(request)
    const stream = (): never => {
      throw new Error('a proxy by name has no methods of which it knows that they are streams')
    }
    const target = { service: name, caller: this.#home.id, timeoutMs: this.#timeoutMs, invoke, stream }
    return new ProxyObject(target).object as ServiceProxy<S>
  }

  /**
   * Brings a service to life that nobody has specified, or joins it: once, however many ask. It gets its canonical name.
   * In a context it lives in the context's thread, in the parent script's pool in one of its own; it ends with its pool.
   *
   * @throws {ActivationDeniedError} ERR_TROUPE_ACTIVATION_DENIED when the module is none of those that may be activated
   * @throws {StartFailedError} ERR_TROUPE_START_FAILED; whoever asks next tries again
   */
  async activate<S>(module: URL | string, exportName: string): Promise<ServiceProxy<S>> {
    requireText(EXPORT, exportName)
    return this.proxy<S>(await this.#desk.activate(this.#home.id, requireModule(module), exportName))
  }

  /** Calls a service by its name: one that has a canonical name and is not alive is activated. Else as `proxy`. */
  async call<Result = unknown>(name: string, method: string, ...args: unknown[]): Promise<Result> {
    return (await this.#switchboard.route(this.#request(name, method, args))) as Result
  }

  /**
   * Sets how calls reach the service of that name: instead of its specification's `invoker`, and before it is added.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS when the service is there already
   */
  register(name: string, invoker: InvokerSpec): void {
    requireText(NAME, name)
    if (this.#services.get(name)) {
      throw new BadOptionsError(`the invoker of "${name}" must be registered before the service is added`)
    }
    const own = toInvoker(invoker)
    own.queue.bind(this, name, this.#watch)
    this.#registered.set(name, own)
  }

  stats(): PoolStats {
    return { services: this.#services.size, contexts: this.#contexts.size, refused: this.#refusals.counts }
  }

  /** Listens to what the pool tells; what a listener throws, or rejects with, becomes a warning. */
  on<Event extends keyof PoolEventMap>(event: Event, listener: PoolListener<Event>): this {
    this.#refusals.on(event, listener)
    return this
  }

  off<Event extends keyof PoolEventMap>(event: Event, listener: PoolListener<Event>): this {
    this.#refusals.off(event, listener)
    return this
  }

  /** A picture of the contexts and services of this pool and of all below it, at one moment; `toDot` and `toMermaid` draw it. */
  async graph(options: GraphOptions = {}): Promise<ServiceGraph> {
    requireOptions('graph', options, ['timeoutMs'])
    const { timeoutMs = 1_000 } = options
    requireNumber('timeoutMs', timeoutMs, { above: 0 })
    return closed(await this.#graph(timeoutMs))
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
    const { values } = this.#self
    const provision = values.provide(key, copyOf(key, value))
    return { [Symbol.dispose]: () => values.withdraw(provision) }
  }

  /**
   * Waits for a value of that key: resolves with a copy as soon as it is there. Rejects with the signal's reason.
   *
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED when the pool is closed before it comes
   */
  inject<T = unknown>(key: string, options?: InjectOptions): Promise<T> {
    return this.#self.values.inject(key, options) as Promise<T>
  }

  /** Closes the pool; a second call joins the first. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
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
      add: (spec) => this.#add(spec, undefined, service),
      spawn: (spec) => this.#spawn(spec, undefined, service),
      context: (spec) => this.context(spec, service),
    }
  }

  /** @internal for a service that provides a value */
  provideFor(service: string, key: string, value: unknown): Promise<AsyncDisposable> {
    return this.#self.provideFor(service, key, value)
  }

  /** @internal takes the calls that come from above, in a pool that is in a context */
  serveParent(port: Channel): void {
    this.#switchboard.serveParent(port)
  }

  #add<S>(spec: ServiceSpec<S>, place?: Place, startedBy?: string): ServiceHandle<S> {
    requireObject("a service's specification", '{ name, module }', spec)
    if (this.#closing) throw new PoolClosedError(`service "${spec.name}" can't be added`)
    const checked = checkSpec(spec, this.#registered.get(spec.name))
    this.#requireFree(spec.name)
    requireNoCircle(this.#services.all(), checked)
    checked.invoker.queue.bind(this, spec.name, this.#watch)
    const handle = new ServiceHandle<S>({
      spec: checked,
      place: place ?? this.#places.forService(spec),
      clock: this.#clock,
      owner: this.#home.id,
      timeoutMs: this.#timeoutMs,
      onRefused: (request) => this.#tellPolicy(request),
      startedBy,
    })
    this.#services.add(handle as ServiceHandle)
    // Calls that wait for it by its name can be taken as soon as it is on its way to RUNNING.
    const onState = (): void => {
      handle.off('state', onState)
      this.#switchboard.announce(spec.name)
    }
    handle.on('state', onState)
    return handle
  }

  #graph(limitMs: number): Promise<ServiceGraph> {
    const services = this.#services.all()
    const places = [...this.#contexts.all(), ...services].map(({ place }) => place)
    const ask = { ...question(this.#home.id, 'graph', limitMs * SHARE_BELOW), timeoutMs: limitMs }
    const below = (name: string) => this.#switchboard.askBelow(name, ask)
    return graphOf({ id: this.#home.id, services, places, below })
  }

  async #spawn<S>(spec: ServiceSpec<S>, place?: Place, startedBy?: string): Promise<ServiceHandle<S>> {
    const handle = this.#add<S>(spec, place, startedBy)
    try {
      await (handle.dependsOn.length > 0 ? this.start(handle.name) : handle.start())
    } catch (error) {
      this.#services.forget(handle as ServiceHandle)
      throw error
    }
    return handle
  }

  /** Services and contexts share their names: each stands for one place in the tree. */
  #requireFree(name: string): void {
    if (this.#services.get(name)) throw new DuplicateNameError(name)
    if (this.#contexts.get(name)) throw new DuplicateNameError(name, 'context')
  }

  /** A service by its name, or what the pool itself answers under names that no service can have. */
  #sendTo(name: string): ((request: CallRequest) => Promise<unknown>) | undefined {
    if (name === DESK) return this.#desk.serve
    return name === POOL_SERVICE ? this.#self.send : this.#services.find(name)?.send
  }

  #tellPolicy({ caller, service, method }: RefusedCall): void {
    this.#refusals.tell({ reason: 'policy', caller, from: caller, at: this.#home.id, service, method })
  }

  #request(service: string, method: string, args: readonly unknown[]): CallRequest {
    requireServiceName(service)
    requireText("a method's name", method)
    const caller = this.#home.id
    return { service, method, args, caller, isIdempotent: false, signal: undefined, timeoutMs: this.#timeoutMs }
  }

  /** An activated service that has ended, or failed for good, leaves its name to the next one. */
  async #bringToLife(spec: ActivationSpec): Promise<void> {
    const handle: ServiceHandle = await this.#spawn(spec as ServiceSpec)
    const forget = (): void => this.#services.forget(handle)
    handle.finished.then(forget, forget)
  }

  async #close(): Promise<void> {
    this.#places.rest()
    await this.#services.closeAll()
    await this.#contexts.closeAll()
    this.#self.values.close()
    this.#switchboard.close()
    this.#watch.close()
    await this.#places.close()
  }
}
