/**
 * The context that a service lives in, as `this.context`: who it is to others, and its way to them.
 *
 * What it can do is done by `@troupe/runtime`, which a thread loads when that is first asked for: a thread whose services
 * only serve never does. So the runtime declares those methods, in its `pool/service-context.ts`.
 */
import type { ContextId } from '../access/policy.ts'
import { BadOptionsError } from '../errors/catalogue.ts'
import type { ChildrenControl, ParentService, ServiceChildren } from './service-children.ts'

export interface ServiceContext {
  /** Its place in the tree, such as `root/views`: the identity with which its services call. */
  readonly id: ContextId
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
}

export class HomeContext {
  readonly id: ContextId
  readonly #pool: () => ContextPool

  constructor(id: ContextId, pool: () => ContextPool = noPool) {
    this.id = id
    this.#pool = pool
  }

  spawn(spec: object): Promise<object> {
    return this.#pool().spawn(spec)
  }

  add(spec: object): object {
    return this.#pool().add(spec)
  }

  get(name: string): object {
    return this.#pool().get(name)
  }

  child(spec: object): Promise<object> {
    return this.#pool().context(spec)
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

  toString(): string {
    return this.id
  }
}

function noPool(): never {
  throw new BadOptionsError('a service that was made by hand, outside of a pool, has nobody to call')
}
