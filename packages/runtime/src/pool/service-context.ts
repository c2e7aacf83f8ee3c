/** What `this.context` and `this.children` of a service can do: by the pool of its context, made when it is first used. */
import type { ServiceProxy } from '../proxy/service-proxy.ts'
import type { ServiceHandle } from '../services/service-handle.ts'
import type { ContextSpec } from '../specs/context-spec.ts'
import type { ServiceSpec } from '../specs/service-spec.ts'
import type { Children } from './children.ts'
import type { Context } from './context.ts'

declare module '@troupe/worker-host' {
  interface ServiceContext {
    /** The proxy of a service by its name, in this context's pool or in one above; or by its path. As `pool.proxy`. */
    proxy<S>(name: string): ServiceProxy<S>
    /** Adds a service in a context below this one, and brings it to RUNNING. It ends with this context. As `pool.spawn`. */
    spawn<S>(spec: ServiceSpec<S>): Promise<ServiceHandle<S>>
    /** Adds a service in a context below this one, STOPPED. As `pool.add`. */
    add<S>(spec: ServiceSpec<S>): ServiceHandle<S>
    /** A service of this context's pool. As `pool.get`. */
    get<S = unknown>(name: string): ServiceHandle<S>
    /** Makes a context below this one, for several services. As `pool.context`. */
    child(spec: ContextSpec): Promise<Context>
    /** Brings a service to life in this very context, or joins it. As `pool.activate`. */
    activate<S>(module: URL | string, exportName: string): Promise<ServiceProxy<S>>
    /** Calls a service of this context's pool or of one above by its name; one that is not alive is activated here. As `pool.call`. */
    call<Result = unknown>(name: string, method: string, ...args: unknown[]): Promise<Result>
  }

  /** The services below this one, which come up and go down with it. */
  interface ServiceChildren extends Pick<Children, 'names' | 'add' | 'spawn' | 'remove' | 'waitStarted'> {}
}
