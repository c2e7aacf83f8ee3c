/**
 * The owner's map from service name to service, and its supply of threads.
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

import type { MessagePort } from 'node:worker_threads'
import {
  BadOptionsError,
  type Clock,
  type ContextId,
  DuplicateNameError,
  NoSuchServiceError,
  PoolClosedError,
  systemClock,
} from '@troupe/worker-host'
import { type ParentService, throwAll } from '@troupe/worker-host/owner'
import type { CallRequest } from '../calls/call.ts'
import { checkTimeout } from '../calls/call-options.ts'
import { DeadlineWatch } from '../calls/deadline-watch.ts'
import type { Invoker } from '../calls/invoker.ts'
import type { Home } from '../contexts/home.ts'
import { OwnThread } from '../contexts/own-thread.ts'
import type { Place, StartThread } from '../contexts/place.ts'
import { SharedThread } from '../contexts/shared-thread.ts'
import { ThisThread } from '../contexts/this-thread.ts'
import { eachAfterDependencies, eachAfterDependents, requireNoCircle, startOrder } from '../graph/dependencies.ts'
import { ProxyObject, type ServiceProxy } from '../proxy/service-proxy.ts'
import { Switchboard } from '../routing/switchboard.ts'
import { ThreadContext } from '../threads/thread-context.ts'
import { ThreadSupplies } from '../threads/thread-supplies.ts'
import type { ThreadOptions } from '../threads/thread-supply.ts'
import { Children } from './children.ts'
import { Context } from './context.ts'
import { type ContextSpec, checkContextSpec } from './context-spec.ts'
import { ServiceHandle } from './service-handle.ts'
import { type InvokerSpec, toInvoker } from './service-invoker.ts'
import { checkSpec, type ServiceSpec } from './service-spec.ts'

export interface PoolOptions {
  /**
   * Threads at any time, of all services together. A service that finds none free waits, until its `transitionMs`.
   * @defaultValue 1_024
   */
  readonly maxThreads?: number
  /**
   * Keep a thread ready, with the host loaded, for the next service; it is there from the first spawn on, and does not
   * keep the process alive.
   * @defaultValue true
   */
  readonly keepSpare?: boolean
  /**
   * Longest time that a caller waits for a reply, where it says nothing else by `proxy.$with({ timeoutMs })`.
   * @unit milliseconds; `null` waits for ever
   * @defaultValue 30_000
   */
  readonly timeoutMs?: number | null
  /**
   * Where the owner's time comes from: deadlines of calls and of moves, graces, and the window of restarts. A test gives
   * a `ManualClock`, and moves it by hand. The services' own clocks are their own.
   * @defaultValue real time
   */
  readonly clock?: Clock
}

/** The parent script: nobody is above it, and its thread is not for services. */
const ROOT: Home = { id: 'root', parent: undefined, thread: undefined }

const RUNTIME_URL = import.meta.resolve('@troupe/runtime/nested')

export class Pool implements AsyncDisposable {
  readonly #home: Home
  readonly #timeoutMs: number | null
  readonly #switchboard: Switchboard
  readonly #clock: Clock
  readonly #watch: DeadlineWatch
  readonly #services = new Map<string, ServiceHandle>()
  readonly #registered = new Map<string, Invoker>()
  readonly #contexts = new Map<string, Context>()
  readonly #supplies: ThreadSupplies
  #closing: Promise<void> | undefined

  /**
   * @param home for a pool that is made in a context, which Troupe does itself
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   */
  constructor(
    { maxThreads = 1_024, keepSpare = true, timeoutMs = 30_000, clock = systemClock }: PoolOptions = {},
    home: Home = ROOT,
  ) {
    if (!Number.isInteger(maxThreads) || maxThreads < 1) {
      throw new BadOptionsError(`"maxThreads" must be a whole number from 1, found ${String(maxThreads)}`)
    }
    this.#supplies = new ThreadSupplies({ maxThreads, keepSpare })
    this.#clock = clock
    this.#watch = new DeadlineWatch(clock)
    this.#timeoutMs = checkTimeout(timeoutMs, '"timeoutMs"')
    this.#home = home
    this.#switchboard = new Switchboard({
      id: home.id,
      watch: this.#watch,
      serviceNamed: (name) => this.#services.get(name)?.send,
      threadNamed: (name) => (this.#contexts.get(name) ?? this.#services.get(name))?.place.thread,
      lend: (name, caller) => this.#services.get(name)?.lend(caller),
      names: () => this.names,
      onForged: () => {},
    })
    if (home.parent) this.#switchboard.connectUp(home.parent)
  }

  /** The names of the services, in the order they came. */
  get names(): readonly string[] {
    return [...this.#services.keys()]
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
    const all = [...this.#services.values()]
    const services = startOrder(all, names.length > 0 ? names : this.names)
    const raised = services.filter(({ state }) => state === 'STOPPED')
    const waiting = services.filter(({ state }) => state !== 'RUNNING')
    try {
      await eachAfterDependencies(raised, (service) => service.pause())
      await eachAfterDependencies(waiting, (service) => service.start())
    } catch (error) {
      const back = await eachAfterDependents(raised, (service) => service.stop()).then(
        () => [],
        (later: unknown) => [later],
      )
      throwAll([error, ...back], 'services failed to start, and to stop again')
    }
  }

  /** Stops a service and takes it out: its name is free, and its handle of no more use. */
  async remove(name: string): Promise<void> {
    const handle = this.get(name)
    try {
      await handle.stop()
    } finally {
      await handle.close()
      if (this.#services.get(name) === handle) this.#services.delete(name)
    }
  }

  /**
   * Makes a context: a thread for several services, with one identity; it is ready when the promise resolves.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   * @throws {DuplicateNameError} ERR_TROUPE_DUPLICATE_NAME when a context, or a service that is one by itself, has the name
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED
   */
  async context(spec: ContextSpec): Promise<Context> {
    const { name, ...options } = checkContextSpec(spec)
    if (this.#closing) throw new PoolClosedError(`context "${name}" can't be made`)
    if (this.#contexts.has(name) || this.#services.has(name)) throw new DuplicateNameError(name)
    const id = `${this.#home.id}/${name}`
    const place = new SharedThread(id, this.#starter(id, options))
    const context = new Context(name, place, {
      add: (spec) => this.#add(spec, place),
      spawn: (spec) => this.#spawn(spec, place),
      close: () => this.#closeContext(name, place),
    })
    this.#contexts.set(name, context)
    try {
      await place.open()
    } catch (error) {
      this.#contexts.delete(name)
      throw error
    }
    return context
  }

  /** @throws {NoSuchServiceError} ERR_TROUPE_NO_SUCH_SERVICE, naming those that there are */
  get<S = unknown>(name: string): ServiceHandle<S> {
    const handle = this.#services.get(name)
    if (handle === undefined) throw new NoSuchServiceError(name, this.names)
    return handle as ServiceHandle<S>
  }

  /**
   * The proxy of a service by its name, which is looked up at each call: it may be made before the service is added. A
   * call waits for its service, within its deadline. In a context the name may be that of a service above; and a path
   * such as `images/resize` leads down, to a service of the pool in the context `images`.
   */
  proxy<S>(name: string): ServiceProxy<S> {
    const known = this.#services.get(name)
    if (known !== undefined) return known.proxy as ServiceProxy<S>
    const invoke = (request: CallRequest) => this.#switchboard.route(request)
    const stream = (): never => {
      throw new Error('a proxy by name has no methods of which it knows that they are streams')
    }
    const target = { service: name, caller: this.#home.id, timeoutMs: this.#timeoutMs, invoke, stream }
    return new ProxyObject(target).object as ServiceProxy<S>
  }

  /**
   * Sets how calls reach the service of that name: instead of its specification's `invoker`, and before it is added.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS when the service is there already
   */
  register(name: string, invoker: InvokerSpec): void {
    if (this.#services.has(name)) {
      throw new BadOptionsError(`the invoker of "${name}" must be registered before the service is added`)
    }
    const own = toInvoker(invoker)
    own.queue.bind(this, name, this.#watch)
    this.#registered.set(name, own)
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

  /** @internal takes the calls that come from above, in a pool that is in a context */
  serveParent(port: MessagePort): void {
    this.#switchboard.serveParent(port)
  }

  #add<S>(spec: ServiceSpec<S>, place?: Place): ServiceHandle<S> {
    if (this.#closing) throw new PoolClosedError(`service "${spec.name}" can't be added`)
    const checked = checkSpec(spec, this.#registered.get(spec.name))
    if (this.#services.has(spec.name) || this.#contexts.has(spec.name)) throw new DuplicateNameError(spec.name)
    requireNoCircle([...this.#services.values()], checked)
    checked.invoker.queue.bind(this, spec.name, this.#watch)
    const handle = new ServiceHandle<S>({
      spec: checked,
      place: place ?? this.#placeFor(spec),
      clock: this.#clock,
      owner: this.#home.id,
      timeoutMs: this.#timeoutMs,
    })
    this.#services.set(spec.name, handle as ServiceHandle)
    // Calls that wait for it by its name can be taken as soon as it is on its way to RUNNING.
    const onState = (): void => {
      handle.off('state', onState)
      this.#switchboard.announce(spec.name)
    }
    handle.on('state', onState)
    return handle
  }

  #placeFor({ name, thread, resourceLimits }: ServiceSpec): Place {
    if (thread === 'parent') return new ThisThread(this.#home)
    const id = `${this.#home.id}/${name}`
    return new OwnThread(id, this.#starter(id, { resourceLimits }))
  }

  #starter(id: ContextId, options: ThreadOptions): StartThread {
    const onUplink = (port: MessagePort, { died }: ThreadContext) => this.#switchboard.serveChild(port, id, died)
    const home = { id, runtimeUrl: RUNTIME_URL, timeoutMs: this.#timeoutMs }
    return (killed) => ThreadContext.open({ supply: this.#supplies.for(options), home, killed, onUplink })
  }

  async #spawn<S>(spec: ServiceSpec<S>, place?: Place): Promise<ServiceHandle<S>> {
    const handle = this.#add<S>(spec, place)
    try {
      await (handle.dependsOn.length > 0 ? this.start(handle.name) : handle.start())
    } catch (error) {
      if (this.#services.get(handle.name) === (handle as ServiceHandle)) this.#services.delete(handle.name)
      throw error
    }
    return handle
  }

  async #closeContext(name: string, place: SharedThread): Promise<void> {
    const inside = [...this.#services.values()].filter((handle) => handle.context === place.id)
    await Promise.all(inside.map((handle) => handle.close()))
    for (const handle of inside) this.#services.delete(handle.name)
    await place.close()
    this.#contexts.delete(name)
  }

  async #close(): Promise<void> {
    // Whoever depends on another can still call it while it stops.
    await eachAfterDependents([...this.#services.values()], (handle) => handle.close())
    await Promise.all([...this.#contexts.values()].map((context) => context.close()))
    this.#switchboard.close()
    this.#watch.close()
    const zombies = await this.#supplies.close()
    if (zombies > 0) {
      process.emitWarning(`${zombies} threads are inside a system call that can't be interrupted`, {
        code: 'TROUPE_ZOMBIE',
      })
    }
  }
}
