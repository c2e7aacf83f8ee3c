/**
 * The context that a service lives in, as `this.context`: who it is to others, and its way to them.
 *
 * What it can do is done by `@troupe/runtime`, which a thread loads when that is first asked for: a thread whose services
 * only serve never does. So the runtime declares those methods, in its `pool/service-context.ts`.
 */
import type { ContextId } from '../access/context-id.ts'
import { BadOptionsError } from '../errors/catalogue.ts'
import type { ChildrenControl, ParentService, ServiceChildren } from './service-children.ts'

export interface ServiceContext {
  /** Its place in the tree, such as `root/views`: the identity with which its services call. */
  readonly id: ContextId
  /**
   * False where the service was brought up from another process, through which all its calls come: an answer with shared
   * memory reaches nobody then. Where it is true, it reaches those callers that are in the service's own process.
   */
  readonly sharesMemory: boolean
  toString(): string
}

/** The pool of a context, whose services live below it. */
export interface ContextPool {
  spawn(spec: object): Promise<object>
  add(spec: object): object
  get(name: string): object
  context(spec: object): Promise<object>
  proxy(name: string): object
  childrenOf(parent: ParentService): ServiceChildren & ChildrenControl
  activate(module: URL | string, exportName: string): Promise<object>
  call(name: string, method: string, ...args: unknown[]): Promise<unknown>
  /** What a service brings up by it is told to be that service's. @param service the path of its name, such as `root/views` */
  actingFor(service: string): Pick<ContextPool, 'spawn' | 'add' | 'context'>
  /** Provides a value in the pool that the service is in. @param service as for `actingFor` */
  provideFor(service: string, key: string, value: unknown): Promise<AsyncDisposable>
  inject(key: string, options: InjectOptions): Promise<unknown>
}

export interface InjectOptions {
  /** Ends the wait; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

export class HomeContext {
  readonly id: ContextId
  readonly sharesMemory: boolean
  readonly #pool: () => ContextPool
  /** The path of the service that has it. */
  readonly #service: string

  constructor(id: ContextId, pool: () => ContextPool = noPool, service = '', sharesMemory = true) {
    this.id = id
    this.sharesMemory = sharesMemory
    this.#pool = pool
    this.#service = service
  }

  /** @internal the same context, as one of its services has it */
  of(service: string, sharesMemory: boolean): HomeContext {
    return new HomeContext(this.id, this.#pool, service, sharesMemory)
  }

  spawn(spec: object): Promise<object> {
    return this.#pool().actingFor(this.#service).spawn(spec)
  }

  add(spec: object): object {
    return this.#pool().actingFor(this.#service).add(spec)
  }

  get(name: string): object {
    return this.#pool().get(name)
  }

  child(spec: object): Promise<object> {
    return this.#pool().actingFor(this.#service).context(spec)
  }

  proxy(name: string): object {
    return this.#pool().proxy(name)
  }

  activate(module: URL | string, exportName: string): Promise<object> {
    return this.#pool().activate(module, exportName)
  }

  call(name: string, method: string, ...args: unknown[]): Promise<unknown> {
    return this.#pool().call(name, method, ...args)
  }

  /** @internal */
  childrenOf(parent: ParentService): ServiceChildren & ChildrenControl {
    return this.#pool().childrenOf(parent)
  }

  /** @internal */
  provide(key: string, value: unknown): Promise<AsyncDisposable> {
    return this.#pool().provideFor(this.#service, key, value)
  }

  /** @internal */
  inject(key: string, options: InjectOptions): Promise<unknown> {
    return this.#pool().inject(key, options)
  }

  toString(): string {
    return this.id
  }
}

function noPool(): never {
  throw new BadOptionsError('a service that was made by hand, outside of a pool, has nobody to call')
}
