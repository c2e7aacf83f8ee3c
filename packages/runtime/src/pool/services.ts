/** The services of a pool by their names, in the order they came; and how several of them come up, each after those it needs. */
import { BadOptionsError, type Clock, type ContextId, PoolClosedError } from '@troupe/worker-host'
import { throwAll } from '@troupe/worker-host/owner'
import type { ActivationSpec, Activator } from '../activation/activator.ts'
import type { RefusedCall } from '../calls/call.ts'
import type { DeadlineWatch } from '../calls/deadline-watch.ts'
import type { Invoker } from '../calls/invoker.ts'
import type { Place } from '../contexts/place.ts'
import { eachAfterDependencies, eachAfterDependents, requireNoCircle, startOrder } from '../graph/dependencies.ts'
import { ServiceHandle } from '../services/service-handle.ts'
import { requireObject } from '../specs/required.ts'
import { type InvokerSpec, toInvoker } from '../specs/service-invoker.ts'
import { checkSpec, type ServiceSpec } from '../specs/service-spec.ts'
import { byCanonicalName } from './canonical-lookup.ts'
import type { Places } from './places.ts'

export interface ServicesOptions {
  /** The context of the pool. */
  readonly home: ContextId
  readonly clock: Clock
  readonly watch: DeadlineWatch
  /** For calls that say nothing else; `null` for no deadline. */
  readonly timeoutMs: number | null
  /** Knows the scheme of canonical names. */
  readonly activator: Activator
  readonly places: Places
  /** Throws once the pool is being closed. */
  readonly requireOpen: (subject: () => string) => void
  /** Throws for a name that a service or a context has. */
  readonly requireFree: (name: string) => void
  /** A service is on its way to RUNNING: calls that wait for it by its name can be taken. */
  readonly onComing: (name: string) => void
  /** A policy did not admit a call. */
  readonly onRefused: (call: RefusedCall) => void
}

export class Services {
  readonly #options: ServicesOptions
  readonly #byName = new Map<string, ServiceHandle>()
  /** The invokers that `pool.register` has set. */
  readonly #registered = new Map<string, Invoker>()
  /** Also those of services that are gone. */
  readonly #modules = new Map<string, URL>()

  constructor(options: ServicesOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#byName.size
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()]
  }

  /** By the name that it was given. */
  get(name: string): ServiceHandle | undefined {
    return this.#byName.get(name)
  }

  /** By the name that it was given, else by its canonical one. */
  find(name: string): ServiceHandle | undefined {
    const given = this.#byName.get(name)
    if (given !== undefined || this.#byName.size === 0) return given
    const { home, activator } = this.#options
    return byCanonicalName(name, home, this.#byName.values(), activator)
  }

  all(): readonly ServiceHandle[] {
    return [...this.#byName.values()]
  }

  /** The modules that services were given by. */
  get modules(): readonly URL[] {
    return [...this.#modules.values()]
  }

  register(name: string, invoker: InvokerSpec): void {
    if (this.#byName.has(name)) {
      throw new BadOptionsError(`the invoker of "${name}" must be registered before the service is added`)
    }
    const own = toInvoker(invoker)
    own.queue.bind(this, name, this.#options.watch)
    this.#registered.set(name, own)
  }

  /** @param place a context's; undefined for a place of its own */
  add<S>(spec: ServiceSpec<S>, place?: Place, startedBy?: string): ServiceHandle<S> {
    requireObject("a service's specification", '{ name, module }', spec)
    const {
      home: owner,
      clock,
      watch,
      timeoutMs,
      places,
      requireOpen,
      requireFree,
      onComing,
      onRefused,
    } = this.#options
    requireOpen(() => `service "${spec.name}" can't be added`)
    const checked = checkSpec(spec, this.#registered.get(spec.name))
    requireFree(spec.name)
    requireNoCircle(this.all(), checked)
    checked.invoker.queue.bind(this, spec.name, watch)
    place ??= places.forService(spec)
    const handle = new ServiceHandle<S>({ spec: checked, place, clock, owner, timeoutMs, onRefused, startedBy })
    this.#byName.set(spec.name, handle as ServiceHandle)
    this.#modules.set(checked.module.href, checked.module)
    const onState = (): void => {
      handle.off('state', onState)
      onComing(spec.name)
    }
    handle.on('state', onState)
    return handle
  }

  async spawn<S>(spec: ServiceSpec<S>, place?: Place, startedBy?: string): Promise<ServiceHandle<S>> {
    const handle = this.add<S>(spec, place, startedBy)
    try {
      await (handle.dependsOn.length > 0 ? this.start([handle.name]) : handle.start())
    } catch (cause) {
      const error = handle.isClosing ? new PoolClosedError(`service "${spec.name}" was not started`, { cause }) : cause
      this.#dismiss(handle as ServiceHandle)
      throw error
    }
    return handle
  }

  /** An activated service that has ended, or failed for good, leaves its name to the next one. */
  async bringToLife(spec: ActivationSpec): Promise<void> {
    const handle: ServiceHandle = await this.spawn(spec as ServiceSpec)
    void this.#dismissAtEnd(handle)
  }

  async #dismissAtEnd(handle: ServiceHandle): Promise<void> {
    do await handle.finished.catch(() => {})
    while (!handle.hasEnded) // it was asked to go on before it had stopped
    this.#dismiss(handle)
  }

  /** Its name is free at once, and whoever has kept its handle brings nothing to life by it any more. */
  #dismiss(handle: ServiceHandle): void {
    this.forget(handle)
    void handle.close()
  }

  /** Its name is free, unless another service has it already. */
  forget(handle: ServiceHandle): void {
    if (this.#byName.get(handle.name) !== handle) return
    this.#byName.delete(handle.name)
    handle.unbind()
  }

  /** Brings these up, with those that they depend on; when one fails, those that this has brought up go down again. */
  async start(names: readonly string[]): Promise<void> {
    const services = startOrder(this.all(), names)
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

  /** Whoever depends on another can still call it while it stops. */
  async closeAll(): Promise<void> {
    await eachAfterDependents(this.all(), (handle) => handle.close())
  }
}
