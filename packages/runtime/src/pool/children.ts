/**
 * The services that a service has brought up: `this.children`.
 *
 *     protected override async prepare() {
 *       this.children.add<Cache>({ name: 'cache', module: … })        // PAUSED and RUNNING with its parent
 *     }
 *     protected override async start() {
 *       await this.children.spawn<Feed>({ name: 'feed', module: … })  // ends when its parent leaves RUNNING
 *     }
 *
 * A child belongs to the state in which it was made: one of `prepare` is there, prepared, while its parent is PAUSED;
 * one that was made later ends with the tasks. The parent is RUNNING when all of them are. They go down before the
 * parent's tasks, the last that came first, and one's error does not keep the others from it.
 *
 * A child that fails, and is not restarted by its own supervision, fails its parent; so does a `daemon` that ends first.
 */
import { BadOptionsError, DaemonTaskExitError, NotRunningError } from '@troupe/worker-host'
import { type ChildrenControl, type ParentService, requireOptions } from '@troupe/worker-host/owner'
import { type Dependent, eachAfterDependencies, startOrder } from '../graph/dependencies.ts'
import type { ServiceHandle } from '../services/service-handle.ts'
import type { ServiceSpec } from '../specs/service-spec.ts'
import type { Pool } from './pool.ts'

export interface ChildOptions {
  /**
   * It is there for as long as its parent runs: when it ends earlier, in whatever way, the parent fails.
   * @defaultValue false
   */
  readonly daemon?: boolean
}

interface Child extends Dependent {
  readonly handle: ServiceHandle
  readonly isDaemon: boolean
  /** Made in `prepare`: it is PAUSED while its parent is. */
  readonly isPrepared: boolean
  /** Its end was asked for. */
  isLeaving: boolean
  /** Ends the watch over it, in a parent that leaves RUNNING; undefined while nobody watches. */
  unwatch: (() => void) | undefined
}

export class Children implements ChildrenControl {
  readonly #pool: Pool
  readonly #parent: ParentService
  readonly #children = new Map<string, Child>()
  /** What goes on in the background for a child that was added while its parent runs. */
  readonly #starting = new Set<Promise<void>>()

  constructor(pool: Pool, parent: ParentService) {
    this.#pool = pool
    this.#parent = parent
  }

  /** The names of the children, in the order they came. */
  get names(): readonly string[] {
    return [...this.#children.keys()]
  }

  /**
   * Adds a child. It comes up with its parent; where that is RUNNING already, at once, in the background.
   *
   * @throws {NotRunningError} ERR_TROUPE_NOT_RUNNING when the parent is on its way down; else as `pool.add`
   */
  add<S>(spec: ServiceSpec<S>, options?: ChildOptions): ServiceHandle<S> {
    const child = this.#admit(spec, options)
    if (this.#parent.state === 'RUNNING') this.#startBehind(child)
    return child.handle as ServiceHandle<S>
  }

  /**
   * Adds a child and brings it to where its parent is going: PAUSED from `prepare`, else RUNNING.
   *
   * @throws {StartFailedError} ERR_TROUPE_START_FAILED, and the child is gone again; else as `add`
   */
  async spawn<S>(spec: ServiceSpec<S>, options?: ChildOptions): Promise<ServiceHandle<S>> {
    const child = this.#admit(spec, options)
    try {
      await (this.#parent.state === 'PREPARING' ? child.handle.pause() : this.#start(child))
    } catch (error) {
      await this.#takeOut(child)
      throw error
    }
    return child.handle as ServiceHandle<S>
  }

  /** Stops a child and takes it out; of a daemon too this is no early end. */
  async remove(name: string): Promise<void> {
    const child = this.#children.get(name)
    if (child === undefined)
      throw new BadOptionsError(`no child "${name}", there are: ${this.names.join(', ') || 'none'}`)
    await this.#takeOut(child)
  }

  /** Resolves when every child is RUNNING; rejects when one fails first. */
  async waitStarted(): Promise<void> {
    await Promise.all([...this.#children.values()].map(({ handle }) => handle.waitFor('RUNNING')))
  }

  /** @internal the parent's `prepare` hook has returned */
  async prepared(): Promise<void> {
    await eachAfterDependencies(this.#inOrder(), ({ handle }) => handle.pause())
  }

  /** @internal the parent's `start` hook has returned */
  async started(): Promise<void> {
    await eachAfterDependencies(this.#inOrder(), (child) => this.#start(child))
  }

  /** @internal the parent leaves RUNNING @returns what was thrown */
  async left(isStopping: boolean): Promise<readonly unknown[]> {
    const errors: unknown[] = []
    for (const child of [...this.#children.values()].reverse()) {
      child.isLeaving = true
      const keeps = child.isPrepared && !isStopping && child.handle.state !== 'FAILED'
      await (keeps ? child.handle.pause() : this.#takeOut(child)).catch((error: unknown) => errors.push(error))
      child.unwatch?.()
    }
    await Promise.allSettled(this.#starting)
    return errors
  }

  /** @internal the parent stops, or has failed @returns what was thrown */
  stopped(): Promise<readonly unknown[]> {
    return this.left(true)
  }

  /** @internal the parent is asked to stop, or no longer: all below it hear of it at once */
  heedStop(isStopping: boolean): void {
    for (const { handle } of this.#children.values()) handle.heedStop(isStopping)
  }

  #admit<S>(spec: ServiceSpec<S>, options: ChildOptions = {}): Child {
    requireOptions('a child', options, ['daemon'])
    const { daemon: isDaemon = false } = options
    const { name: parent, state } = this.#parent
    if (state !== 'PREPARING' && state !== 'STARTING' && state !== 'RUNNING') throw new NotRunningError(parent, state)
    const handle = this.#pool.actingFor(this.#parent.path).add<S>(spec) as ServiceHandle
    const { dependsOn } = handle
    const isPrepared = state === 'PREPARING'
    const child = { name: spec.name, dependsOn, handle, isDaemon, isPrepared, isLeaving: false, unwatch: undefined }
    this.#children.set(spec.name, child)
    return child
  }

  async #start(child: Child): Promise<void> {
    child.isLeaving = false
    await child.handle.start()
    if (child.unwatch) return
    const { promise: unwatched, resolve } = Promise.withResolvers<void>()
    child.unwatch = resolve
    this.#parent.watch(`child "${child.name}"`, () => this.#outlive(child, unwatched))
  }

  #startBehind(child: Child): void {
    const starting = this.#start(child).catch((error: unknown) => {
      // As a failure after its start would be.
      if (!child.isLeaving) this.#parent.watch(`child "${child.name}"`, () => Promise.reject(error))
    })
    this.#starting.add(starting)
    void starting.finally(() => this.#starting.delete(starting))
  }

  /** Resolves with the child's end; rejects with what fails the parent for it. */
  async #outlive(child: Child, unwatched: Promise<void>): Promise<void> {
    const { handle, isDaemon, name } = child
    try {
      await Promise.race([handle.finished, unwatched])
    } catch (error) {
      if (!child.isLeaving) throw error
    } finally {
      child.unwatch = undefined
    }
    if (child.isLeaving) return
    if (isDaemon) throw new DaemonTaskExitError(this.#parent.name, `child "${name}"`)
    await this.#takeOut(child)
  }

  async #takeOut(child: Child): Promise<void> {
    child.isLeaving = true
    const { name } = child
    if (this.#children.get(name) === child) this.#children.delete(name)
    await this.#pool.remove(name)
  }

  #inOrder(): readonly Child[] {
    return startOrder([...this.#children.values()], this.names)
  }
}
