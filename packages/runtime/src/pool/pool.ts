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
import type { ResourceLimits } from 'node:worker_threads'
import {
  BadOptionsError,
  type ContextId,
  DuplicateNameError,
  NoSuchServiceError,
  PoolClosedError,
} from '@troupe/worker-host'
import type { CallRequest } from '../calls/call.ts'
import { checkTimeout } from '../calls/call-options.ts'
import { DeadlineWatch } from '../calls/deadline-watch.ts'
import type { Invoker } from '../calls/invoker.ts'
import { ProxyObject, type ServiceProxy } from '../proxy/service-proxy.ts'
import { ThreadSupply } from '../threads/thread-supply.ts'
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
}

type AnyMethod = (...args: readonly unknown[]) => unknown

/** The context of the script that makes a pool. */
const ROOT: ContextId = 'root'

export class Pool implements AsyncDisposable {
  readonly #maxThreads: number
  readonly #keepSpare: boolean
  readonly #timeoutMs: number | null
  readonly #watch = new DeadlineWatch()
  readonly #services = new Map<string, ServiceHandle>()
  readonly #registered = new Map<string, Invoker>()
  /** Threads with other resource limits come from a supply of their own. */
  readonly #supplies = new Map<string, ThreadSupply>()
  #closing: Promise<void> | undefined

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  constructor({ maxThreads = 1_024, keepSpare = true, timeoutMs = 30_000 }: PoolOptions = {}) {
    if (!Number.isInteger(maxThreads) || maxThreads < 1) {
      throw new BadOptionsError(`"maxThreads" must be a whole number from 1, found ${String(maxThreads)}`)
    }
    this.#maxThreads = maxThreads
    this.#keepSpare = keepSpare
    this.#timeoutMs = checkTimeout(timeoutMs, '"timeoutMs"')
  }

  /** The names of the services, in the order they came. */
  get names(): readonly string[] {
    return [...this.#services.keys()]
  }

  /**
   * Adds a service and brings it to RUNNING. One that does not get there is taken out again, so its name is free.
   *
   * @throws {StartFailedError} ERR_TROUPE_START_FAILED, with what went wrong as `cause`; else as `add`
   */
  async spawn<S>(spec: ServiceSpec<S>): Promise<ServiceHandle<S>> {
    const handle = this.add<S>(spec)
    try {
      await handle.start()
    } catch (error) {
      if (this.#services.get(handle.name) === (handle as ServiceHandle)) this.#services.delete(handle.name)
      throw error
    }
    return handle
  }

  /**
   * Adds a service, STOPPED; its handle's `start` starts it.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, listing all that is wrong with the specification
   * @throws {DuplicateNameError} ERR_TROUPE_DUPLICATE_NAME
   * @throws {NotCloneableError} ERR_TROUPE_NOT_CLONEABLE when `options` can't be copied to a thread
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED
   */
  add<S>(spec: ServiceSpec<S>): ServiceHandle<S> {
    if (this.#closing) throw new PoolClosedError(`service "${spec.name}" can't be added`)
    const checked = checkSpec(spec, this.#registered.get(spec.name))
    if (this.#services.has(spec.name)) throw new DuplicateNameError(spec.name)
    checked.invoker.queue.bind(this, spec.name, this.#watch)
    const supply = () => this.#supplyFor(spec.resourceLimits)
    const handle = new ServiceHandle<S>({ spec: checked, supply, owner: ROOT, timeoutMs: this.#timeoutMs })
    this.#services.set(spec.name, handle as ServiceHandle)
    return handle
  }

  /** @throws {NoSuchServiceError} ERR_TROUPE_NO_SUCH_SERVICE, naming those that there are */
  get<S = unknown>(name: string): ServiceHandle<S> {
    const handle = this.#services.get(name)
    if (handle === undefined) throw new NoSuchServiceError(name, this.names)
    return handle as ServiceHandle<S>
  }

  /**
   * The proxy of a service by its name, which is looked up at each call: it may be made before the service is added.
   * A call while there is none rejects with `ERR_TROUPE_NO_SUCH_SERVICE`.
   */
  proxy<S>(name: string): ServiceProxy<S> {
    const known = this.#services.get(name)
    if (known !== undefined) return known.proxy as ServiceProxy<S>
    const invoke = async ({ method, args, signal, timeoutMs, carried }: CallRequest): Promise<unknown> => {
      if (this.#closing) throw new PoolClosedError(`"${name}.${method}" was not sent`)
      const limits = timeoutMs === this.#timeoutMs ? { signal } : { signal, timeoutMs } // the pool's is no stream's
      const own = { ...limits, ...carried?.trace }
      const proxy = this.get(name).proxy.$with(own) as unknown as Record<string, AnyMethod>
      return proxy[method]!(...args)
    }
    const stream = (): never => {
      throw new NoSuchServiceError(name, this.names)
    }
    const target = { service: name, caller: ROOT, timeoutMs: this.#timeoutMs, invoke, stream }
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

  async #close(): Promise<void> {
    await Promise.all([...this.#services.values()].map((handle) => handle.close()))
    this.#watch.close()
    const lingering = await Promise.all([...this.#supplies.values()].map((supply) => supply.close()))
    const zombies = lingering.reduce((total, count) => total + count, 0)
    if (zombies > 0) {
      process.emitWarning(`${zombies} threads are inside a system call that can't be interrupted`, {
        code: 'TROUPE_ZOMBIE',
      })
    }
  }

  #supplyFor(resourceLimits: ResourceLimits | undefined): ThreadSupply {
    const key = JSON.stringify(resourceLimits ?? {})
    let supply = this.#supplies.get(key)
    if (supply === undefined) {
      supply = new ThreadSupply({ maxThreads: this.#maxThreads, keepSpare: this.#keepSpare, resourceLimits })
      this.#supplies.set(key, supply)
    }
    return supply
  }
}
