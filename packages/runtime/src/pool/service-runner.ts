/**
 * Carries a service's life out: what the reconciler decides, it does to the threads and to the invoker.
 *
 * Whatever happens to a thread, its calls are settled here and now: those that had begun fail, those that had not go
 * back to the mailbox, and what becomes of these depends on whether the service comes back.
 */
import {
  type ContextId,
  DeadlineExceededError,
  NotRunningError,
  PoolClosedError,
  ServiceCrashedError,
  type ServiceState,
  StartFailedError,
} from '@troupe/worker-host'
import type { MethodDescription } from '@troupe/worker-host/owner'
import type { Call } from '../calls/call.ts'
import { Reconciler } from '../lifecycle/reconciler.ts'
import type { TargetState, Transition } from '../lifecycle/transitions.ts'
import { loadableModule } from '../modules/build-module.ts'
import { admitRestart } from '../supervision/restart-limit.ts'
import { type Death, ThreadDiedError } from '../threads/thread-context.ts'
import type { ThreadSupply } from '../threads/thread-supply.ts'
import { Replica } from './replica.ts'
import { ServiceEvents } from './service-events.ts'
import type { CheckedSpec } from './service-spec.ts'

/** How a service that has not failed came to its end: by itself, or because it was asked to. */
export type FinishReason = 'completed' | 'stopped'

export interface RunnerOptions {
  readonly spec: CheckedSpec
  readonly supply: () => ThreadSupply
  /** The context that owns the service, and whose identity its proxy has. */
  readonly owner: ContextId
  readonly onMethods: (methods: readonly MethodDescription[]) => void
}

export class ServiceRunner {
  readonly events = new ServiceEvents()
  readonly reconciler: Reconciler
  readonly #options: RunnerOptions
  readonly #spec: CheckedSpec
  #replicas: readonly Replica[] = []
  /** What ends each thread, those that are still being started included. */
  readonly #kills = new Set<AbortController>()
  #generation = 0
  #restarts = 0
  #restartTimes: readonly number[] = []
  /** Only what has been RUNNING is restarted: a first start that fails tells its caller. */
  #hasRun = false
  #isRestarting = false
  #isClosed = false
  #finishReason: FinishReason = 'stopped'
  #finished = newOutcome()
  #drained: PromiseWithResolvers<void> | undefined
  /** Counts of the links that are gone. */
  #past = { succeeded: 0, failed: 0 }

  constructor(options: RunnerOptions) {
    const { spec } = options
    this.#options = options
    this.#spec = spec
    spec.invoker.bind(spec.name)
    spec.invoker.refuse(this.#notRunning)
    this.reconciler = new Reconciler({
      service: spec.name,
      carryOut: (move) => this.#carryOut(move),
      onState: (state, previous) => this.#onState(state, previous),
      onGoal: (target) => this.#onGoal(target),
      onFailed: (error, target) => void this.#onFailed(error, target),
    })
  }

  get state(): ServiceState {
    return this.reconciler.state
  }

  get generation(): number {
    return this.#generation
  }

  get restarts(): number {
    return this.#restarts
  }

  get threads(): number {
    return this.#replicas.length
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get isRestarting(): boolean {
    return this.#isRestarting
  }

  /** Settles when the present life has ended and no restart is to come. */
  get finished(): Promise<FinishReason> {
    return this.#finished.promise
  }

  /** Calls at the threads, and how those that ended did, through all incarnations. */
  get calls(): { readonly pending: number; readonly succeeded: number; readonly failed: number } {
    const total = { pending: 0, ...this.#past }
    for (const { link } of this.#replicas) {
      total.pending += link.pending
      total.succeeded += link.succeeded
      total.failed += link.failed
    }
    return total
  }

  /** Refuses calls, and fails those that wait. */
  turnAway(refusal: (call: Call) => Error = this.#notRunning): void {
    this.#spec.invoker.refuse(refusal)
    this.#spec.invoker.failWaiting(refusal)
  }

  kill(reason: unknown): void {
    for (const kill of this.#kills) kill.abort(reason)
  }

  /** Fails every call, stops the service within its grace, and kills what has not stopped by then. */
  async close(): Promise<void> {
    this.#isClosed = true
    const closed = (call: Call) => new PoolClosedError(`${call.subject} was not answered`)
    this.turnAway(closed)
    for (const { link } of this.#replicas) link.failAll(closed)
    const grace = setTimeout(() => this.kill(new Error('the pool was closed')), this.#spec.graceMs)
    try {
      await this.reconciler.aim('STOPPED')
    } catch {
      // It failed while it stopped: 'failed' and `finished` tell, and its threads are gone either way.
    } finally {
      clearTimeout(grace)
    }
  }

  async #carryOut(move: Transition): Promise<void> {
    try {
      if (move.hook === 'prepare') await this.#open()
      if (move.hook === 'pause') await this.#quiesce()
      await Promise.all(this.#replicas.map((replica) => replica.carryOut(move.hook, move.via, move.to)))
      if (move.hook === 'stop') await this.#retire()
    } catch (error) {
      throw new StartFailedError(this.#spec.name, move.via, this.#asCrash(error))
    }
  }

  async #open(): Promise<void> {
    const moduleUrl = await this.#load()
    const opened = await Promise.allSettled(
      Array.from({ length: this.#spec.threads }, () => this.#openReplica(moduleUrl)),
    )
    const failure = opened.find((result) => result.status === 'rejected')
    this.#replicas = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    if (failure) throw failure.reason
    this.#options.onMethods(this.#replicas[0]!.methods)
  }

  /** Building can take a while, and a kill counts before there is a thread as well. */
  async #load(): Promise<string> {
    const kill = new AbortController()
    this.#keep(kill)
    const moduleUrl = await loadableModule(this.#spec.module)
    this.#kills.delete(kill)
    if (kill.signal.aborted) throw new ThreadDiedError({ cause: kill.signal.reason })
    return moduleUrl
  }

  async #openReplica(moduleUrl: string): Promise<Replica> {
    const { name, exportName, options, invoker, transitionMs } = this.#spec
    const { owner, supply } = this.#options
    const replica = await Replica.open(supply(), {
      service: name,
      context: `${owner}/${name}`,
      caller: owner,
      generation: ++this.#generation,
      moduleUrl,
      exportName,
      options,
      isSerialized: invoker.isSerialized,
      window: invoker.window,
      transitionMs,
      onRoom: () => this.#onRoom(),
      onBirth: (kill) => this.#keep(kill),
    })
    void replica.died.then((death) => this.#onDeath(replica, death))
    return replica
  }

  #keep(kill: AbortController): void {
    this.#kills.add(kill)
    kill.signal.addEventListener('abort', () => this.#kills.delete(kill), { once: true })
  }

  /** Before a stop, the calls that wait and run are answered, within the grace; before a pause they just stay. */
  async #quiesce(): Promise<void> {
    const { invoker, graceMs } = this.#spec
    if (this.reconciler.target === 'STOPPED') {
      this.#drained = Promise.withResolvers()
      const grace = setTimeout(this.#drained.resolve, graceMs)
      this.#onRoom()
      await this.#drained.promise
      clearTimeout(grace)
      this.#drained = undefined
    }
    invoker.setFlow('hold')
  }

  /** Takes the threads out of service, and out of `died`'s sight, before they end. */
  async #retire(): Promise<void> {
    const retiring = this.#replicas
    this.#replicas = []
    this.#connect()
    for (const replica of retiring) {
      replica.link.failAll(this.#notRunning)
      this.#count(replica)
    }
    await Promise.all(retiring.map((replica) => replica.retire()))
  }

  #onRoom(): void {
    this.#spec.invoker.pump()
    if (this.#drained && this.#spec.invoker.queued === 0 && this.calls.pending === 0) this.#drained.resolve()
  }

  #onGoal(target: TargetState): void {
    if (target === 'STOPPED') {
      if (!this.#isClosed) this.#spec.invoker.refuse(this.#notRunning)
      return
    }
    this.#drained?.resolve()
    this.#spec.invoker.admit()
    if (this.#finished.isSettled) this.#finished = newOutcome()
  }

  #onState(state: ServiceState, previous: ServiceState): void {
    const { invoker } = this.#spec
    if (state === 'RUNNING') {
      this.#hasRun = true
      this.#connect()
      invoker.setFlow('send')
      for (const replica of this.#replicas) void this.#watchBody(replica)
    }
    if (state === 'STOPPED') {
      this.#hasRun = false
      this.#isRestarting = false
      if (!this.#isClosed) this.turnAway()
      this.#finished.resolve(this.#finishReason)
      this.#finishReason = 'stopped'
    }
    this.events.emit('state', { state, previous, generation: this.#generation })
    if (state === 'RUNNING' && this.#isRestarting) this.#tellRestarted()
  }

  async #watchBody(replica: Replica): Promise<void> {
    try {
      const end = await replica.bodyEnd()
      if (end !== 'completed' || !this.#replicas.includes(replica)) return
      this.#finishReason = 'completed'
      await this.reconciler.aim('STOPPED')
    } catch (error) {
      // A thread that died is `#onDeath`'s; what else the body throws fails the service.
      if (!(error instanceof ThreadDiedError)) this.reconciler.fail(error)
    }
  }

  #onDeath(replica: Replica, death: Death): void {
    replica.kill(death.cause)
    if (!this.#replicas.includes(replica)) return // retired, or failed with the others
    this.#replicas = this.#replicas.filter((other) => other !== replica)
    this.#spec.invoker.putBack(this.#closeLink(replica, death))
    this.#connect()
    const crash = new ServiceCrashedError(this.#spec.name, { ...death, mayHaveRun: true })
    const others = this.#replicas.length
    if (others > 0 && this.#isAtRest() && this.#admitsRestart()) this.reconciler.repairWith(() => this.#replace())
    else if (this.#isAtRest() || this.#drained) this.reconciler.fail(crash)
    // Else a move is under way, and the hook that it waits for has failed with this death.
  }

  /** Brings the service back to its number of threads, while the others go on. */
  async #replace(): Promise<void> {
    const moduleUrl = await this.#load()
    while (this.#replicas.length < this.#spec.threads) {
      const replica = await this.#openReplica(moduleUrl)
      await replica.carryOut('prepare', 'PREPARING', 'PAUSED')
      if (this.state === 'RUNNING') await replica.carryOut('start', 'STARTING', 'RUNNING')
      this.#replicas = [...this.#replicas, replica]
      this.#connect()
      if (this.state === 'RUNNING') void this.#watchBody(replica)
      this.#tellRestarted()
    }
  }

  async #onFailed(error: unknown, target: ServiceState): Promise<void> {
    const { invoker } = this.#spec
    this.#drained?.resolve()
    const dying = this.#replicas
    this.#replicas = []
    const willRestart = target === 'RUNNING' && this.#hasRun && this.#admitsRestart()
    this.#isRestarting = willRestart
    invoker.setFlow('hold')
    this.#connect()
    invoker.putBack(dying.flatMap((replica) => this.#closeLink(replica, { cause: error })))
    if (!willRestart) {
      invoker.failWaiting((call) => this.#crash(error, call))
      if (!this.#isClosed) invoker.refuse(() => new NotRunningError(this.#spec.name, 'FAILED', { cause: error }))
    }
    const outcome = await cleanUp(dying, error)
    this.events.emit('failed', outcome, willRestart)
    if (!willRestart) this.#finished.reject(outcome)
    else if (this.state === 'FAILED') await this.reconciler.revive().catch(() => {}) // told by the next 'failed'
  }

  #closeLink(replica: Replica, death: Death) {
    const untouched = replica.link.close(death)
    this.#count(replica)
    return untouched
  }

  #count({ link }: Replica): void {
    this.#past = { succeeded: this.#past.succeeded + link.succeeded, failed: this.#past.failed + link.failed }
  }

  #connect(): void {
    this.#spec.invoker.connect(this.#replicas.map(({ link }) => link))
  }

  #isAtRest(): boolean {
    return this.state === 'RUNNING' || this.state === 'PAUSED'
  }

  #admitsRestart(): boolean {
    const { supervision } = this.#spec
    if (this.#isClosed || supervision.restart === 'temporary') return false
    const { verdict, recent } = admitRestart(this.#restartTimes, performance.now(), supervision)
    this.#restartTimes = recent
    return verdict === 'restart'
  }

  #tellRestarted(): void {
    this.#isRestarting = false
    this.#restarts++
    this.events.emit('restarted', this.#generation)
  }

  #asCrash(error: unknown): unknown {
    if (!(error instanceof ThreadDiedError)) return error
    return new ServiceCrashedError(this.#spec.name, { ...error.death, mayHaveRun: true })
  }

  /** For a call that waited when the service failed for good. */
  #crash(error: unknown, { subject }: Call): Error {
    const { cause, exitCode } = error instanceof ServiceCrashedError ? error : { cause: error, exitCode: undefined }
    return new ServiceCrashedError(this.#spec.name, { cause, exitCode, call: subject, mayHaveRun: false })
  }

  readonly #notRunning = (): Error => new NotRunningError(this.#spec.name, this.state)
}

/** Runs `cleanup` where there is still a thread for it, ends the threads, and gives the error, joined by the clean-up's. */
async function cleanUp(dying: readonly Replica[], error: unknown): Promise<unknown> {
  // A hook that met its deadline still holds its thread: no clean-up could begin there.
  const isStuck = error instanceof StartFailedError && error.cause instanceof DeadlineExceededError
  const results = await Promise.allSettled(isStuck ? [] : dying.map((replica) => replica.cleanup(error)))
  for (const replica of dying) replica.kill(error)
  const more = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  const own = more.filter((reason) => !(reason instanceof ThreadDiedError))
  return own.length === 0 ? error : new AggregateError([error, ...own], 'the service failed, and so did its clean-up')
}

interface LifeOutcome {
  readonly promise: Promise<FinishReason>
  readonly isSettled: boolean
  resolve(reason: FinishReason): void
  reject(error: unknown): void
}

function newOutcome(): LifeOutcome {
  const { promise, resolve, reject } = Promise.withResolvers<FinishReason>()
  promise.catch(() => {}) // nobody has to look; state and events tell the same
  const outcome = {
    promise,
    isSettled: false,
    resolve: (reason: FinishReason) => settle(() => resolve(reason)),
    reject: (error: unknown) => settle(() => reject(error)),
  }
  const settle = (act: () => void) => {
    outcome.isSettled = true
    act()
  }
  return outcome
}
