/**
 * Carries a service's life out: what the reconciler decides, it does to the threads and to the invoker; and what happens
 * to the threads it judges by the service's supervision.
 */
import { fileURLToPath } from 'node:url'
import {
  type Clock,
  type ContextId,
  messageOf,
  NotRunningError,
  PoolClosedError,
  type RestState,
  ServiceCrashedError,
  type ServiceState,
  StartFailedError,
  SupersededError,
  type TaskStats,
} from '@troupe/worker-host'
import { leadsDown, type MethodDescription, type Move, TRANSITIONS, throwAll } from '@troupe/worker-host/owner'
import type { Call, RefusedCall } from '../calls/call.ts'
import { ContextDiedError, type Death } from '../contexts/host-link.ts'
import type { Place } from '../contexts/place.ts'
import { type FinishReason, Life } from '../lifecycle/life.ts'
import { type Change, isRest, Reconciler } from '../lifecycle/reconciler.ts'
import type { Loan } from '../routing/link-lender.ts'
import type { CheckedSpec } from '../specs/service-spec.ts'
import { cleanUp, endsThread } from './clean-up.ts'
import { Drain } from './drain.ts'
import type { Replica } from './replica.ts'
import { ReplicaSet } from './replica-set.ts'
import { Restarts } from './restarts.ts'
import { ServiceEvents } from './service-events.ts'

/** Time for a thread whose tasks have outlasted their grace to tell their names, before it is killed. */
const TELL_MS = 100

export interface RunnerOptions {
  readonly spec: CheckedSpec
  readonly place: Place
  readonly clock: Clock
  readonly owner: ContextId
  readonly onMethods: (methods: readonly MethodDescription[], className: string) => void
  readonly onRefused: (call: RefusedCall) => void
}

interface DeferredGoal {
  readonly target: RestState
  readonly set: () => void
}

export class ServiceRunner {
  readonly events = new ServiceEvents()
  readonly reconciler: Reconciler
  readonly replicas: ReplicaSet
  readonly #spec: CheckedSpec
  readonly #clock: Clock
  #life = new Life()
  /** Contexts that get no links. */
  readonly #revoked = new Set<ContextId>()
  readonly #restarts: Restarts
  readonly #drain = new Drain()
  /** Only what has been RUNNING is restarted: a first start that fails tells its caller. */
  #hasRun = false
  #isRestarting = false
  #isClosed = false
  /** Whether `this.stopping` is raised in the threads. */
  #isRaised = false
  /** Goals set after a kill or a failure. They wait until that has been told, with what its clean-up has thrown. */
  #deferred: DeferredGoal[] | undefined
  /** A thread has died in the move in hand, perhaps before its hook was asked. */
  #lost: Death | undefined
  /** A kill that came before there was anything to be killed. */
  #killedAhead: Death | undefined
  /** What a pause on the way to STOPPED threw: no step of a stop is left out for it, so it fails the service after them. */
  #putOff: StartFailedError | undefined

  constructor({ spec, ...options }: RunnerOptions) {
    this.#spec = spec
    this.#clock = options.clock
    this.#restarts = new Restarts(spec.supervision, options.clock)
    spec.invoker.queue.refuse(this.#notRunning)
    spec.invoker.queue.watchLeft(() => this.#onRoom())
    this.replicas = new ReplicaSet({
      ...options,
      spec,
      onRoom: () => this.#onRoom(),
      onDeath: (death) => this.#onDeath(death),
    })
    this.reconciler = new Reconciler({
      service: spec.name,
      clock: options.clock,
      open: (ahead) => this.#open(ahead),
      carryOut: (move, overtaken) => this.#carryOut(move, overtaken),
      onState: (change) => this.#onState(change),
      onGoal: (target) => this.#onGoal(target),
      onFailed: (error, target) => void this.#onFailed(error, target),
    })
  }

  get state(): ServiceState {
    return this.reconciler.state
  }

  get restarts(): number {
    return this.#restarts.count
  }

  /** Whether the present life is over: it rests, is asked for nothing, and no restart is to come. */
  get hasEnded(): boolean {
    return this.#life.hasEnded
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Settles when the present life has ended and no restart is to come. */
  get finished(): Promise<FinishReason> {
    return this.#life.ended
  }

  /**
   * A link for a caller, or a port for its results when its calls are to be routed; undefined when all goes by the owner:
   * while some calls wait, too, for they come first.
   */
  lend(caller: ContextId): Loan | undefined {
    const { link, invoker } = this.#spec
    const isOpen = this.state === 'RUNNING' && this.reconciler.target === 'RUNNING'
    if (!isOpen || invoker.queue.waiting > 0) return undefined
    const isToLink = link === 'direct' && !this.#revoked.has(caller)
    const loan = isToLink ? this.replicas.lend(caller) : undefined
    return loan ?? (invoker.isPlain ? this.replicas.lendAnswers(caller) : undefined)
  }

  /** Has the caller's calls routed from now on. */
  revoke(caller: ContextId): void {
    this.#revoked.add(caller)
    this.replicas.revoke(caller)
  }

  /** Ends the threads: they are gone at once, and a process is a little later. What is asked for meanwhile comes after that. */
  kill(reason: unknown): void {
    if (this.state === 'STOPPED' || this.state === 'FAILED') return void this.replicas.kill(reason)
    if (this.replicas.kill(reason)) this.#deferred ??= []
    else this.#killedAhead = { cause: reason }
  }

  /** @param set a goal of that target, which joins or supersedes the present one */
  aim(target: RestState, set: (reconciler: Reconciler) => Promise<void>): Promise<void> {
    if (this.#deferred === undefined) return set(this.reconciler)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#deferred.push({ target, set: () => resolve(set(this.reconciler)) })
    promise.catch(() => {}) // as of any goal that nobody awaits
    return promise
  }

  /** Refuses calls, and fails those that wait. */
  turnAway(refusal: (call: Call) => Error = this.#notRunning): void {
    this.#spec.invoker.queue.refuse(refusal)
    this.#spec.invoker.queue.failWaiting(refusal)
    this.#onRoom()
  }

  /** Fails every call, stops the service within its grace, and kills what has not stopped by then. */
  async close(): Promise<void> {
    this.#isClosed = true
    const closed = ({ subject }: Pick<Call, 'subject'>) => new PoolClosedError(`${subject} was not answered`)
    this.turnAway(closed)
    this.replicas.failCalls(closed)
    this.#drain.end()
    const kill = () => this.replicas.kill(new Error('the pool was closed'))
    const cancelGrace = this.#clock.setTimer(kill, this.#spec.graceMs + TELL_MS)
    try {
      await this.aim('STOPPED', (reconciler) => reconciler.aim('STOPPED', 'close'))
      this.#life.end('stopped') // also of one that was never started
    } catch {
      // It failed while it stopped: 'failed' and `finished` tell, and its threads are gone either way.
    } finally {
      cancelGrace()
      this.events.end()
    }
  }

  async #open(ahead: readonly Move[]): Promise<readonly Move[]> {
    const killed = this.#killedAhead
    this.#killedAhead = undefined
    try {
      if (killed !== undefined) throw new ContextDiedError(killed)
      await this.replicas.open(ahead)
    } catch (error) {
      const { name, module } = this.#spec
      throw new StartFailedError(name, `loading ${fileURLToPath(module)}`, this.#asCrash(error))
    }
    if (this.#isRaised) this.replicas.heedStop(true)
    return [...this.replicas.moves, ...TRANSITIONS]
  }

  async #carryOut(move: Move, overtaken: AbortSignal): Promise<RestState> {
    const fail = (error: unknown) => new StartFailedError(this.#spec.name, move.via, this.#asCrash(error))
    const earlier = this.#putOff
    this.#putOff = undefined
    if (earlier && move.to !== 'STOPPED') throw earlier // the stop was called off
    const last = this.#isClosed && leadsDown(move) ? this.reconciler.route(move.to, 'STOPPED') : undefined
    if (last === undefined) this.#heed()
    try {
      if (move.from === 'RUNNING') await this.#quiesce()
      if (overtaken.aborted) return move.to
      if (this.#lost !== undefined) throw new ContextDiedError(this.#lost)
      const end = await this.replicas.carryOut(move, last)
      const isDone = end === 'done' || (this.reconciler.target === 'STOPPED' && leadsDown(move))
      if (!isDone && !overtaken.aborted) return await this.#giveUp(move)
    } catch (error) {
      if (overtaken.aborted) return this.#warnOfOvertaken(move, error)
      if (earlier) throw new AggregateError([earlier, fail(error)], 'several steps of the stop failed')
      if (move.hook !== 'pause' || this.reconciler.target !== 'STOPPED' || endsThread(error)) throw fail(error)
      this.#putOff = fail(error)
      return move.to
    }
    if (earlier) throw earlier
    if (move.to === 'STOPPED') await this.replicas.retire(this.#notRunning)
    return move.to
  }

  /** For a newer goal its hook broke off: the object, halfway between two states, is cleaned up and let go. */
  async #giveUp(move: Move): Promise<RestState> {
    const reason = new SupersededError(this.#spec.name, move.to, this.reconciler.target)
    const { dying, closed } = this.replicas.abandon({ cause: reason })
    await closed
    const errors = await cleanUp(dying, reason)
    throwAll(errors, 'several steps of the clean-up failed')
    return 'STOPPED'
  }

  #warnOfOvertaken({ hook, to }: Move, error: unknown): RestState {
    // Its thread has been ended by what overtook it.
    if (error instanceof ContextDiedError) return to
    const text = `hook "${hook}" of service "${this.#spec.name}", which was overtaken: ${messageOf(error)}`
    process.emitWarning(text, { code: 'TROUPE_OVERTAKEN' })
    return to
  }

  /**
   * Before a stop, the calls that wait and run are answered, within the grace; in a restart those that run, and those that
   * wait are for the next object; before a pause all just stay. The calls of a pool that closes have been answered.
   */
  async #quiesce(): Promise<void> {
    const { queue } = this.#spec.invoker
    if (this.reconciler.target === 'STOPPED' && !this.#isClosed) {
      if (this.reconciler.isRestarting) queue.setFlow('hold')
      await this.#drain.begin(this.#clock, this.#spec.graceMs, () => this.#onRoom())
    }
    queue.setFlow('hold')
  }

  #onRoom(): void {
    const { queue } = this.#spec.invoker
    queue.pump()
    if (!this.#drain.isOn || this.replicas.calls.pending > 0) return
    if (this.reconciler.isRestarting || queue.waiting === 0) this.#drain.end()
  }

  /** `this.stopping` is raised by a goal of STOPPED, and by one that leads away from where the hook in hand goes. */
  #heed(): void {
    const isRaised = this.reconciler.target === 'STOPPED' || this.reconciler.isLedAway
    if (isRaised !== this.#isRaised) this.replicas.heedStop(isRaised)
    this.#isRaised = isRaised
  }

  #onGoal(target: RestState): void {
    if (!this.#isClosed || !isRest(this.state)) this.#heed() // else it hears of it by the first of its last moves
    const { queue } = this.#spec.invoker
    const { isRestarting } = this.reconciler
    if (target === 'STOPPED') {
      if (isRestarting) queue.admit()
      else if (!this.#isClosed) queue.drain(this.#notRunning)
      if (this.#drain.isOn) queue.setFlow(isRestarting ? 'hold' : 'send')
      this.replicas.recall()
      return
    }
    this.#drain.end()
    queue.admit()
    if (this.#life.hasEnded) this.#life = new Life()
  }

  #onState(change: Change): void {
    const { state, cause } = change
    if (state === 'FAILED') this.#deferred ??= []
    if (isRest(state)) this.#lost = this.#killedAhead = undefined
    if (state === 'RUNNING') {
      this.#hasRun = true
      this.#spec.invoker.queue.setFlow('send')
      this.replicas.forEach((replica) => void this.#watchBody(replica))
    }
    if (state === 'STOPPED') {
      this.#hasRun = false
      this.#isRestarting = false
      if (!this.reconciler.isRestarting) this.#life.end(cause === 'finish' ? 'completed' : 'stopped')
      this.#setDeferred()
      if (this.reconciler.target !== 'STOPPED') this.#passStopped()
      else if (!this.#isClosed) this.turnAway()
    }
    this.events.emit('state', { ...change, generation: this.replicas.generation })
    if (state === 'RUNNING' && this.#isRestarting) this.#tellRestarted()
  }

  /** On the way to RUNNING or PAUSED: calls wait for that, and it is a life of its own, but for a restart. */
  #passStopped(): void {
    if (this.#life.hasEnded) this.#life = new Life()
    this.#spec.invoker.queue.admit()
  }

  async #watchBody(replica: Replica): Promise<void> {
    try {
      const end = await replica.bodyEnd()
      // Whoever supersedes it tells those who wait; and what goes wrong in it fails the service by itself.
      if (end === 'completed' && this.replicas.has(replica)) this.reconciler.aim('STOPPED', 'finish').catch(() => {})
    } catch (error) {
      // A thread that died is `#onDeath`'s; what else the body throws fails the service that it is the body of.
      if (!(error instanceof ContextDiedError) && this.replicas.has(replica)) this.reconciler.fail(error)
    }
  }

  #onDeath(death: Death): void {
    const isAtRest = this.state === 'RUNNING' || this.state === 'PAUSED'
    if (isAtRest && this.replicas.size > 0 && this.#admitsRestart()) this.reconciler.repairWith(() => this.#repair())
    else if (isAtRest || this.#drain.isOn) this.reconciler.fail(this.#asCrash(new ContextDiedError(death)))
    else this.#lost = death // a move is under way: the hook that it waits for has failed with this death, or will not be asked
  }

  /** Brings the service back to its number of threads, while the others go on. */
  async #repair(): Promise<void> {
    while (!this.replicas.isComplete) {
      const isRunning = this.state === 'RUNNING'
      const replica = await this.replicas.addOne(this.reconciler.route('STOPPED', isRunning ? 'RUNNING' : 'PAUSED'))
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
    this.#drain.end()
    queue.setFlow('hold')
    const { dying, closed } = this.replicas.abandon({ cause: error })
    if (closed) await closed // else at once: whoever is told of the failure finds those that waited rejected
    if (!willRestart || this.#isClosed) {
      queue.failWaiting((call) => this.#neverBegun(error, call))
      if (!this.#isClosed) queue.refuse(() => new NotRunningError(name, 'FAILED', { cause: error }))
    }
    const own = await cleanUp(dying, error)
    const outcome =
      own.length === 0 ? error : new AggregateError([error, ...own], 'the service failed, and so did its clean-up')
    if (!willRestart) this.#life.fail(outcome)
    this.events.emit('failed', outcome, willRestart)
    const isStopped = this.#deferred?.some(({ target }) => target === 'STOPPED')
    if (willRestart && !isStopped) this.reconciler.restart().catch(() => {}) // told by the next 'failed'
    this.#setDeferred()
  }

  /** What there was to tell has been told: now it is the turn of those who have asked for something since. */
  #setDeferred(): void {
    const deferred = this.#deferred ?? []
    this.#deferred = undefined
    for (const { set } of deferred) set()
  }

  /** How the background work of its threads stands; rejects with the crash when one dies before it has answered. */
  async taskStats(): Promise<TaskStats> {
    try {
      return await this.replicas.taskStats()
    } catch (error) {
      throw this.#asCrash(error)
    }
  }

  #admitsRestart(): boolean {
    return !this.#isClosed && this.#restarts.admits()
  }

  #tellRestarted(): void {
    this.#isRestarting = false
    this.#restarts.note()
    this.events.emit('restarted', this.replicas.generation)
  }

  #asCrash(error: unknown): unknown {
    if (!(error instanceof ContextDiedError)) return error
    return new ServiceCrashedError(this.#spec.name, { ...error.death, mayHaveRun: true })
  }

  /** For a call that waited when the service failed for good. */
  #neverBegun(error: unknown, { subject }: Call): Error {
    if (!this.#hasRun && error instanceof StartFailedError) {
      return new StartFailedError(this.#spec.name, `it was started, and the call of ${subject} waited`, error.cause)
    }
    const { cause, exitCode, signal }: Death = error instanceof ServiceCrashedError ? error : { cause: error }
    return new ServiceCrashedError(this.#spec.name, { cause, exitCode, signal, call: subject, mayHaveRun: false })
  }

  readonly #notRunning = (): Error => new NotRunningError(this.#spec.name, this.state)
}
