/**
 * Carries a service's life out: what the reconciler decides, it does to the threads and to the invoker; and what happens
 * to the threads it judges by the service's supervision.
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
import type { Place } from '../contexts/place.ts'
import { type FinishReason, Life } from '../lifecycle/life.ts'
import { Reconciler } from '../lifecycle/reconciler.ts'
import { type TargetState, TRANSITIONS, type Transition } from '../lifecycle/transitions.ts'
import { admitRestart } from '../supervision/restart-limit.ts'
import { type Death, ThreadDiedError } from '../threads/host-link.ts'
import type { Replica } from './replica.ts'
import { ReplicaSet } from './replica-set.ts'
import { ServiceEvents } from './service-events.ts'
import type { CheckedSpec } from './service-spec.ts'

/** Time for a thread whose tasks have outlasted their grace to tell their names, before it is killed. */
const TELL_MS = 100

export interface RunnerOptions {
  readonly spec: CheckedSpec
  readonly place: Place
  readonly owner: ContextId
  readonly onMethods: (methods: readonly MethodDescription[]) => void
}

export class ServiceRunner {
  readonly events = new ServiceEvents()
  readonly reconciler: Reconciler
  readonly replicas: ReplicaSet
  readonly #spec: CheckedSpec
  #life = new Life()
  #restarts = 0
  #restartTimes: readonly number[] = []
  /** Only what has been RUNNING is restarted: a first start that fails tells its caller. */
  #hasRun = false
  #isRestarting = false
  #isClosed = false
  #finishReason: FinishReason = 'stopped'
  #drained: PromiseWithResolvers<void> | undefined
  /** What a pause on the way to STOPPED threw: no step of a stop is left out for it, so it fails the service after them. */
  #putOff: StartFailedError | undefined

  constructor({ spec, ...options }: RunnerOptions) {
    this.#spec = spec
    spec.invoker.queue.refuse(this.#notRunning)
    this.replicas = new ReplicaSet({
      ...options,
      spec,
      onRoom: () => this.#onRoom(),
      onDeath: (death) => this.#onDeath(death),
    })
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

  get restarts(): number {
    return this.#restarts
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Settles when the present life has ended and no restart is to come. */
  get finished(): Promise<FinishReason> {
    return this.#life.ended
  }

  /** Refuses calls, and fails those that wait. */
  turnAway(refusal: (call: Call) => Error = this.#notRunning): void {
    this.#spec.invoker.queue.refuse(refusal)
    this.#spec.invoker.queue.failWaiting(refusal)
  }

  /** Fails every call, stops the service within its grace, and kills what has not stopped by then. */
  async close(): Promise<void> {
    this.#isClosed = true
    const closed = ({ subject }: Call) => new PoolClosedError(`${subject} was not answered`)
    this.turnAway(closed)
    this.replicas.failCalls(closed)
    this.#drained?.resolve()
    const kill = () => this.replicas.kill(new Error('the pool was closed'))
    const grace = setTimeout(kill, this.#spec.graceMs + TELL_MS)
    try {
      await this.reconciler.aim('STOPPED')
    } catch {
      // It failed while it stopped: 'failed' and `finished` tell, and its threads are gone either way.
    } finally {
      clearTimeout(grace)
    }
  }

  async #carryOut(move: Transition): Promise<void> {
    const fail = (error: unknown) => new StartFailedError(this.#spec.name, move.via, this.#asCrash(error))
    const earlier = this.#putOff
    this.#putOff = undefined
    if (earlier && move.hook !== 'stop') throw earlier // the stop was called off
    try {
      if (move.hook === 'prepare') await this.#open()
      if (move.hook === 'pause') await this.#quiesce()
      await this.replicas.carryOut(move)
    } catch (error) {
      if (earlier) throw new AggregateError([earlier, fail(error)], 'several steps of the stop failed')
      if (move.hook !== 'pause' || this.reconciler.target !== 'STOPPED' || endsThread(error)) throw fail(error)
      this.#putOff = fail(error)
      return
    }
    if (earlier) throw earlier
    if (move.hook === 'stop') await this.replicas.retire(this.#notRunning)
  }

  async #open(): Promise<void> {
    await this.replicas.open()
    if (this.reconciler.target === 'STOPPED') this.replicas.heedStop(true)
  }

  /**
   * Before a stop, the calls that wait and run are answered, within the grace; before a pause they just stay. The calls of
   * a pool that closes have been answered.
   */
  async #quiesce(): Promise<void> {
    const { queue } = this.#spec.invoker
    if (this.reconciler.target === 'STOPPED' && !this.#isClosed) {
      this.#drained = Promise.withResolvers()
      const grace = setTimeout(this.#drained.resolve, this.#spec.graceMs)
      this.#onRoom()
      await this.#drained.promise
      clearTimeout(grace)
      this.#drained = undefined
    }
    queue.setFlow('hold')
  }

  #onRoom(): void {
    const { queue } = this.#spec.invoker
    queue.pump()
    if (this.#drained && queue.size === 0 && this.replicas.calls.pending === 0) this.#drained.resolve()
  }

  #onGoal(target: TargetState): void {
    this.replicas.heedStop(target === 'STOPPED')
    if (target === 'STOPPED') {
      if (!this.#isClosed) this.#spec.invoker.queue.refuse(this.#notRunning)
      return
    }
    this.#drained?.resolve()
    this.#spec.invoker.queue.admit()
    if (this.#life.hasEnded) this.#life = new Life()
  }

  #onState(state: ServiceState, previous: ServiceState): void {
    if (state === 'RUNNING') {
      this.#hasRun = true
      this.#spec.invoker.queue.setFlow('send')
      this.replicas.forEach((replica) => void this.#watchBody(replica))
    }
    if (state === 'STOPPED') {
      this.#hasRun = false
      this.#isRestarting = false
      if (!this.#isClosed) this.turnAway()
      this.#life.end(this.#finishReason)
      this.#finishReason = 'stopped'
    }
    this.events.emit('state', { state, previous, generation: this.replicas.generation })
    if (state === 'RUNNING' && this.#isRestarting) this.#tellRestarted()
  }

  async #watchBody(replica: Replica): Promise<void> {
    try {
      const end = await replica.bodyEnd()
      if (end !== 'completed' || !this.replicas.has(replica)) return
      this.#finishReason = 'completed'
      await this.reconciler.aim('STOPPED')
    } catch (error) {
      // A thread that died is `#onDeath`'s; what else the body throws fails the service.
      if (!(error instanceof ThreadDiedError)) this.reconciler.fail(error)
    }
  }

  #onDeath(death: Death): void {
    const isAtRest = this.state === 'RUNNING' || this.state === 'PAUSED'
    if (isAtRest && this.replicas.size > 0 && this.#admitsRestart()) this.reconciler.repairWith(() => this.#repair())
    else if (isAtRest || this.#drained) this.reconciler.fail(this.#asCrash(new ThreadDiedError(death)))
    // Else a move is under way, and the hook that it waits for has failed with this death.
  }

  /** Brings the service back to its number of threads, while the others go on. */
  async #repair(): Promise<void> {
    while (!this.replicas.isComplete) {
      const isRunning = this.state === 'RUNNING'
      const replica = await this.replicas.addOne(isRunning ? TRANSITIONS.slice(0, 2) : TRANSITIONS.slice(0, 1))
      if (isRunning) void this.#watchBody(replica)
      this.#tellRestarted()
    }
  }

  async #onFailed(error: unknown, target: ServiceState): Promise<void> {
    const { name } = this.#spec
    const { queue } = this.#spec.invoker
    const willRestart = target === 'RUNNING' && this.#hasRun && this.#admitsRestart()
    this.#isRestarting = willRestart
    this.#putOff = undefined
    this.#drained?.resolve()
    queue.setFlow('hold')
    const dying = this.replicas.abandon({ cause: error })
    if (!willRestart) {
      queue.failWaiting((call) => this.#neverBegun(error, call))
      if (!this.#isClosed) queue.refuse(() => new NotRunningError(name, 'FAILED', { cause: error }))
    }
    const outcome = await cleanUp(dying, error)
    this.events.emit('failed', outcome, willRestart)
    if (!willRestart) this.#life.fail(outcome)
    else if (this.state === 'FAILED') await this.reconciler.revive().catch(() => {}) // told by the next 'failed'
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
    this.events.emit('restarted', this.replicas.generation)
  }

  #asCrash(error: unknown): unknown {
    if (!(error instanceof ThreadDiedError)) return error
    return new ServiceCrashedError(this.#spec.name, { ...error.death, mayHaveRun: true })
  }

  /** For a call that waited when the service failed for good. */
  #neverBegun(error: unknown, { subject }: Call): Error {
    const { cause, exitCode, signal }: Death = error instanceof ServiceCrashedError ? error : { cause: error }
    return new ServiceCrashedError(this.#spec.name, { cause, exitCode, signal, call: subject, mayHaveRun: false })
  }

  readonly #notRunning = (): Error => new NotRunningError(this.#spec.name, this.state)
}

/** After it nothing can be asked of the service's thread: that is gone, or stuck. */
function endsThread(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(endsThread)
  return error instanceof ThreadDiedError || error instanceof DeadlineExceededError
}

/** Runs `cleanup` where there is a thread for it, lets the hosts go, and gives the error, joined by the clean-up's. */
async function cleanUp(dying: readonly Replica[], error: unknown): Promise<unknown> {
  // A hook that met its deadline still holds its thread: no clean-up could begin there.
  const isStuck = error instanceof StartFailedError && endsThread(error.cause)
  const results = await Promise.allSettled(isStuck ? [] : dying.map((replica) => replica.cleanup(error)))
  for (const replica of dying) isStuck ? replica.kill(error) : replica.discard(error)
  const reasons = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : result.value,
  )
  const own = reasons.filter((reason) => !(reason instanceof ThreadDiedError))
  return own.length === 0 ? error : new AggregateError([error, ...own], 'the service failed, and so did its clean-up')
}
