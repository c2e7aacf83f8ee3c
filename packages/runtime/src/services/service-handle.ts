/**
 * The owner's grip on a service: its state, its life cycle, its proxy and its statistics.
 *
 *     await handle.pause()              // calls wait in the mailbox
 *     await handle.start()              // … and are sent now
 *     await handle.stop()               // calls that wait are answered first, then the thread is ended
 *     handle.on('failed', (error) => …)
 *
 * The handle, its name, its proxy and its mailbox outlive the service's objects: each start from STOPPED, and each
 * restart after a crash, is a new incarnation with a fresh thread and a fresh object, counted by `generation`.
 */
import type { MessagePort } from 'node:worker_threads'
import {
  type Clock,
  type ContextId,
  PoolClosedError,
  type RestState,
  type ServiceState,
  type TaskStats,
} from '@troupe/worker-host'
import { requireOptions } from '@troupe/worker-host/owner'
import type { CallRequest, RefusedCall } from '../calls/call.ts'
import type { Place } from '../contexts/place.ts'
import type { FinishReason } from '../lifecycle/life.ts'
import type { Reconciler } from '../lifecycle/reconciler.ts'
import { ComlinkEndpoint } from '../proxy/comlink-endpoint.ts'
import { ProxyObject, type ServiceProxy } from '../proxy/service-proxy.ts'
import type { Loan } from '../routing/link-lender.ts'
import { requireContextId } from '../specs/required.ts'
import type { CheckedSpec } from '../specs/service-spec.ts'
import { callTraced, invokeTraced, streamTraced } from './call-tracing.ts'
import type { ServiceEventMap, ServiceListener, StateChange } from './service-events.ts'
import { ServiceRunner } from './service-runner.ts'
import { StateChanges } from './state-changes.ts'
import { waitForState } from './wait-for-state.ts'

export interface StopOptions {
  /**
   * Answer the calls that wait and run first, as far as `graceMs` allows; `false` rejects those that wait at once.
   * @defaultValue true
   */
  readonly drain?: boolean
}

/** Counts are since the handle was made, through all incarnations. */
export interface ServiceStats {
  readonly name: string
  readonly state: ServiceState
  /** Objects that have lived under this name. */
  readonly generation: number
  readonly restarts: number
  /** Threads that the service has now. */
  readonly threads: number
  /** Callers in other contexts that have a direct link to it. */
  readonly links: number
  /** Calls that wait, in the mailbox and in layers. */
  readonly queued: number
  /** Calls and streams that are at a thread. */
  readonly pending: number
  readonly succeeded: number
  readonly failed: number
  /** Calls whose policies did not admit their caller; they count as nothing else. */
  readonly refused: number
}

export interface HandleOptions {
  readonly spec: CheckedSpec
  readonly place: Place
  readonly clock: Clock
  /** The context that owns the service, and whose identity its proxy has. */
  readonly owner: ContextId
  /** For calls that say nothing else; `null` for no deadline. */
  readonly timeoutMs: number | null
  /** A policy did not admit a call. */
  readonly onRefused: (call: RefusedCall) => void
  readonly startedBy: string | undefined
}

export class ServiceHandle<S = unknown> {
  readonly name: string
  /** The context that the service lives in, such as `root/views`. */
  readonly context: ContextId
  /** Names of the services that must be up before it. */
  readonly dependsOn: readonly string[]
  /** The path of the service that has added it, such as `root/views`; undefined for the parent script. */
  readonly startedBy: string | undefined
  readonly #runner: ServiceRunner
  readonly #spec: CheckedSpec
  readonly #proxy: ProxyObject
  readonly #endpoints = new Set<ComlinkEndpoint>()
  #closing: Promise<void> | undefined
  #refused = 0
  #className: string | undefined

  /** @internal where it lives */
  readonly place: Place

  /** @internal made by a pool */
  constructor({ spec, place, clock, owner, timeoutMs, onRefused, startedBy }: HandleOptions) {
    this.name = spec.name
    this.context = place.id
    this.place = place
    this.dependsOn = spec.dependsOn
    this.startedBy = startedBy
    this.#spec = spec
    this.#proxy = new ProxyObject({
      service: spec.name,
      caller: owner,
      timeoutMs,
      call: (terms, args) => callTraced(spec.invoker, terms, args),
      stream: (request) => streamTraced(spec.invoker, request),
    })
    this.#runner = new ServiceRunner({
      spec,
      place,
      clock,
      owner,
      onMethods: (methods, className) => {
        this.#className = className
        this.#proxy.learn(methods)
      },
      onRefused: (request) => {
        this.#refused++
        onRefused(request)
      },
    })
  }

  get state(): ServiceState {
    return this.#runner.state
  }

  /** Counts the objects that have lived under this name; 0 before the first start. */
  get generation(): number {
    return this.#runner.replicas.generation
  }

  /** The typed stub: one object for the handle's whole life. */
  get proxy(): ServiceProxy<S> {
    return this.#proxy.object as ServiceProxy<S>
  }

  /**
   * Resolves with how the present life ended, or rejects with what it failed of, once no restart is to come. A later
   * start begins a new life, with a new promise. Nobody has to look at it: a rejection here is never "unhandled".
   */
  get finished(): Promise<FinishReason> {
    return this.#runner.finished
  }

  /**
   * Brings the service to RUNNING; a target that is reached, or on its way, is joined.
   *
   * @throws {StartFailedError} ERR_TROUPE_START_FAILED, with what went wrong as `cause`
   * @throws {SupersededError} ERR_TROUPE_SUPERSEDED when another target was set before it was reached
   * @throws {NotRunningError} ERR_TROUPE_NOT_RUNNING on a FAILED service: that is left by `restart`
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED
   */
  start(): Promise<void> {
    return this.#aim('RUNNING')
  }

  /** Brings the service to PAUSED, from either side. Calls wait in the mailbox. Errors as for `start`. */
  pause(): Promise<void> {
    return this.#aim('PAUSED')
  }

  /**
   * Brings the service to STOPPED and ends its thread. Of a failure it takes note: FAILED becomes STOPPED.
   *
   * @throws {StartFailedError} ERR_TROUPE_START_FAILED when a hook on the way down failed: the service is FAILED, its thread gone
   * @throws {SupersededError} ERR_TROUPE_SUPERSEDED when another target was set before it was reached
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   */
  stop(options?: StopOptions): Promise<void> {
    return this.#drained('STOPPED', (reconciler) => reconciler.aim('STOPPED'), options)
  }

  /**
   * Starts the service with a fresh thread and a fresh object, from whatever state, FAILED included. Calls that are made
   * meanwhile, or wait, are for the new object; those that run have `graceMs`.
   *
   * @throws as `start` and `stop`
   */
  restart(options?: StopOptions): Promise<void> {
    return this.#drained('RUNNING', (reconciler) => this.#closed() ?? reconciler.restart(), options)
  }

  /** Ends the service's threads at once. To everyone it is a crash, so `supervision` may bring the service back. */
  kill(reason: unknown = new Error(`service "${this.name}" was killed`)): void {
    this.#runner.kill(reason)
  }

  /**
   * Resolves when the service is in that state, now or later.
   *
   * @throws {NotRunningError} ERR_TROUPE_NOT_RUNNING, with the failure as `cause`, when the service fails for good first, or
   *   has done so
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED when its pool, or its context, is closed first, or it is removed: who
   *   only wants to hear of a state listens to the event, which may never come
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is no state
   */
  waitFor(state: ServiceState): Promise<void> {
    return waitForState(this.#runner, this.name, state)
  }

  stats(): ServiceStats {
    const { state, restarts, replicas } = this.#runner
    const { generation, size: threads, links, calls } = replicas
    const queued = this.#spec.invoker.queue.waiting
    return { name: this.name, state, generation, restarts, threads, links, queued, ...calls, refused: this.#refused }
  }

  /**
   * Asks the service's thread for its background work: how many tasks there were, and the names of those that run.
   * Without a thread there is none.
   *
   * @throws {ServiceCrashedError} ERR_TROUPE_SERVICE_CRASHED when the thread dies before it has answered
   */
  tasks(): Promise<TaskStats> {
    return this.#runner.taskStats()
  }

  /**
   * A new port on which plain Comlink finds the service: `Comlink.wrap<S>(handle.endpoint())`, here or in a thread that the
   * port was transferred to. Calls of exposed methods are answered, with the identity of the service's owner; all else is
   * refused with `ERR_TROUPE_NO_SUCH_METHOD`, and streams with `ERR_TROUPE_NOT_CLONEABLE`. It lives until the client
   * releases it or the pool is closed, through restarts of the service. When the client has gone, its calls are aborted.
   *
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED
   */
  endpoint(): MessagePort {
    if (this.#runner.isClosed) throw new PoolClosedError(`service "${this.name}" has no endpoints any more`)
    const endpoint = new ComlinkEndpoint({
      service: this.name,
      call: (method, args, signal) => this.#proxy.call(method, args, { signal }),
      onClose: () => this.#endpoints.delete(endpoint),
    })
    this.#endpoints.add(endpoint)
    return endpoint.port
  }

  /**
   * Has the calls of a context come by their owners, from now on: it gives back the direct link that it has, once what went
   * by it is answered, and gets none any more. One that has not done so after a second has it taken away, and those of its
   * calls that are not answered fail. What it may call is for the policies, and stays the same.
   *
   * @param context such as `root/api`, also one that is not there yet
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is no context's id, such as a service's name
   */
  revoke(context: ContextId): void {
    requireContextId(context)
    this.#runner.revoke(context)
  }

  on<Event extends keyof ServiceEventMap>(event: Event, listener: ServiceListener<Event>): this {
    this.#runner.events.on(event, listener)
    return this
  }

  off<Event extends keyof ServiceEventMap>(event: Event, listener: ServiceListener<Event>): this {
    this.#runner.events.off(event, listener)
    return this
  }

  /**
   * The changes of state from now on, none missed and none twice, however slow the reader is. It ends when the pool is
   * closed; leaving the loop ends it too.
   *
   * @throws {MailboxFullError} ERR_TROUPE_MAILBOX_FULL, in the loop, when its reader is more than 8,192 changes behind
   */
  changes(): AsyncIterableIterator<StateChange, undefined> {
    return new StateChanges(this.name, this.#runner.events)
  }

  /** @internal a call by name, whose caller knows nothing of the method */
  readonly send = (request: CallRequest): Promise<unknown> => {
    const { invoker } = this.#spec
    const isToBeTold = !invoker.isPlain && this.#proxy.isIdempotent(request.method)
    return invokeTraced(invoker, isToBeTold ? { ...request, isIdempotent: true } : request)
  }

  /** @internal its pool, or its context, is closed */
  get isClosing(): boolean {
    return this.#closing !== undefined
  }

  /** @internal its present life is over */
  get hasEnded(): boolean {
    return this.#runner.hasEnded
  }

  /** @internal a link for a caller; undefined when its calls are to be routed */
  lend(caller: ContextId): Loan | undefined {
    return this.#runner.lend(caller)
  }

  /** @internal its parent is asked to stop, or no longer */
  heedStop(isStopping: boolean): void {
    this.#runner.replicas.heedStop(isStopping)
  }

  /** @internal its module */
  get module(): URL {
    return this.#spec.module
  }

  /** @internal what its module exports it as; undefined while that has to be found out, by the first start */
  get exportName(): string | undefined {
    return this.#spec.exportName ?? this.#className
  }

  /** @internal its pool has no more to do with it */
  unbind(): void {
    this.#spec.invoker.queue.unbind()
  }

  /**
   * @internal the pool is closed: every call is rejected, and the service stopped, or killed after its grace. A second call,
   * as for one whose context is closed after it, joins the first: it would take note of a failure that nobody has seen.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#runner.close()
    for (const endpoint of this.#endpoints) endpoint.close() // what was pending has been answered on it
  }

  #drained(
    target: RestState,
    set: (reconciler: Reconciler) => Promise<void>,
    options: StopOptions = {},
  ): Promise<void> {
    try {
      requireOptions(`stopping "${this.name}"`, options, ['drain'])
    } catch (error) {
      return Promise.reject(error)
    }
    const goal = this.#runner.aim(target, set)
    if (options.drain === false && this.#runner.reconciler.target === 'STOPPED' && this.state !== 'STOPPED')
      this.#runner.turnAway()
    return goal
  }

  /** Rejects once the pool is closed. */
  #closed(): Promise<never> | undefined {
    if (!this.#runner.isClosed) return undefined
    return Promise.reject(new PoolClosedError(`service "${this.name}" can't be started`))
  }

  #aim(target: RestState): Promise<void> {
    return this.#runner.aim(target, (reconciler) => this.#closed() ?? reconciler.aim(target))
  }
}
