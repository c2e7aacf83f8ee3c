/** The services of a pool by their names, in the order they came; and how several of them come up, each after those it needs. */
import type { ContextId } from '@troupe/worker-host'
import { throwAll } from '@troupe/worker-host/owner'
import type { Activator } from '../activation/activator.ts'
import { eachAfterDependencies, eachAfterDependents, startOrder } from '../graph/dependencies.ts'
import { byCanonicalName } from './canonical-lookup.ts'
import type { ServiceHandle } from './service-handle.ts'

export class Services {
  readonly #home: ContextId
  readonly #activator: Activator
  readonly #byName = new Map<string, ServiceHandle>()
  /** Also those of services that are gone. */
  readonly #modules = new Map<string, URL>()

  /**
   * @param home the context of the pool
   * @param activator knows the scheme of canonical names
   */
  constructor(home: ContextId, activator: Activator) {
    this.#home = home
    this.#activator = activator
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
    return byCanonicalName(name, this.#home, this.#byName.values(), this.#activator)
  }

  all(): readonly ServiceHandle[] {
    return [...this.#byName.values()]
  }

  /** The modules that services were given by. */
  get modules(): readonly URL[] {
    return [...this.#modules.values()]
  }

  add(handle: ServiceHandle): void {
    this.#byName.set(handle.name, handle)
    this.#modules.set(handle.module.href, handle.module)
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
