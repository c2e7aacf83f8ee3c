/**
 * The base of every service. Subclass it, expose what callers may call, and override the hooks that you need:
 *
 *     export class Views extends Service<{ file: string }> {
 *       #db!: DatabaseSync
 *       protected override prepare() { this.#db = new DatabaseSync(this.options.file) }
 *       protected override stop() { this.#db.close() }
 *
 *       @expose(AllowAny) count(url: string): number { … }
 *     }
 *
 * The object lives in a thread of its own. Its hooks run there, one at a time, each with the deadline `transitionMs`:
 *
 *     STOPPED ── prepare ─→ PAUSED ── start ─→ RUNNING ── run(signal) is its body
 *     STOPPED ←── stop ──── PAUSED ←─ pause ── RUNNING
 *
 * STOPPED holds nothing. PAUSED holds what is needed to run at once (sockets bound, files open), but takes no calls.
 *
 * Background work belongs to RUNNING: `run`, tasks and timers begin when it is entered, and when it is left they end, in
 * this order: the `pause` hook; tasks, those first that were spawned last; `run`. A stop goes on with the `stop` hook, and
 * what was deferred, last in first out. No step is left out because one before it threw.
 */
import type { ContextId } from '../access/policy.ts'
import { type Clock, systemClock } from '../clock/clock.ts'
import type { Duration } from '../clock/duration.ts'
import { BadOptionsError } from '../errors/catalogue.ts'
import { Background, type Tasks } from '../tasks/background.ts'
import type { Settled, Waited, WaitedAtMost } from '../tasks/waiting.ts'
import type { CallScope } from './call-scope.ts'

/** Where a service is, or which way it is going. */
export type ServiceState =
  | 'STOPPED'
  | 'PREPARING'
  | 'PAUSED'
  | 'STARTING'
  | 'RUNNING'
  | 'PAUSING'
  | 'STOPPING'
  | 'FAILED'

/** What the host tells a service about itself. */
export interface Placement {
  readonly name: string
  readonly context: ContextId
  readonly generation: number
  readonly signal: AbortSignal
  /** The call that runs now. */
  readonly currentCall: () => CallScope | undefined
  /** The service has called `ready()`. */
  readonly ready: () => void
  state: ServiceState
}

/** The host's way in; `Symbol.for`, so that the host and the author's copy of this package agree. */
export const PLACEMENT = Symbol.for('@troupe/worker-host:placement')

/** The same for what the service does in the background. */
export const BACKGROUND = Symbol.for('@troupe/worker-host:background-work')

export abstract class Service<Options = unknown> {
  /** Marks the base class itself, for a host that has another copy of this package. */
  static readonly [PLACEMENT] = true
  /**
   * RUNNING is reached only when `start` has returned and `this.ready()` was called: by `start`, by `run` or by a task.
   * So background work begins before RUNNING then, as soon as `start` has returned. Calls wait until RUNNING.
   * @defaultValue false: RUNNING is reached when `start` has returned, and background work begins after that
   */
  static readonly readyOnCall: boolean = false
  /** What the owner gave in the specification, copied to this thread. */
  readonly options: Options;
  // A service made by hand, in a unit test of its class, stands by itself.
  [PLACEMENT]: Placement = {
    name: this.constructor.name,
    context: 'root',
    generation: 1,
    signal: new AbortController().signal,
    currentCall: () => undefined,
    ready: () => {},
    state: 'STOPPED',
  }

  /** Where time comes from: override it with a `ManualClock` in a test. */
  protected readonly clock: Clock = systemClock
  readonly [BACKGROUND] = new Background({
    service: () => this.name,
    state: () => this.state,
    clock: () => this.clock,
  })

  constructor(options: Options) {
    this.options = options
  }

  /** The name in the pool. */
  get name(): string {
    return this[PLACEMENT].name
  }

  /** The context that this service lives in, such as `root/views`. */
  get context(): ContextId {
    return this[PLACEMENT].context
  }

  /** Counts the objects that have lived under this name, from 1. */
  get generation(): number {
    return this[PLACEMENT].generation
  }

  /**
   * The call that the running method was called by: its caller, its signal.
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS outside of a call, such as in a hook or in `run`
   */
  get call(): CallScope {
    const call = this[PLACEMENT].currentCall()
    if (call === undefined)
      throw new BadOptionsError(`"this.call" was read outside of a call of service "${this.name}"`)
    return call
  }

  get state(): ServiceState {
    return this[PLACEMENT].state
  }

  /** Aborts when the service begins to stop. */
  get signal(): AbortSignal {
    return this[PLACEMENT].signal
  }

  /**
   * Aborts as soon as a stop is asked for, another goal leads away from where the running hook goes, or the service has
   * failed. A hook that rejects with its reason, or another AbortError, takes the service to STOPPED and not to FAILED.
   * When the goal is called off, or the next hook goes where the goal leads, a new signal is here.
   */
  get stopping(): AbortSignal {
    return this[BACKGROUND].stopping
  }

  /** Background work: `this.tasks.run(async (signal) => { … }, { name: 'fetch' })`. */
  protected get tasks(): Tasks {
    return this[BACKGROUND].tasks
  }

  /**
   * Waits: `while (await this.sleep('10s')) { … }`. It ends early, with `false`, when the task that sleeps shall end;
   * outside of tasks, when the service is asked to stop or has failed.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is no duration
   */
  protected sleep(duration: Duration): Promise<boolean> {
    return this[BACKGROUND].sleep(duration)
  }

  /** Waits for all promises, or without any for the end. It ends early as `sleep` does; rejects as the promises do. */
  protected wait<Values extends readonly unknown[]>(...promises: Values): Promise<Waited<Settled<Values>>> {
    return this[BACKGROUND].wait(promises)
  }

  /** `wait` with a limit: the outcome tells `timedOut` from `stopped`. */
  protected waitAtMost<Values extends readonly unknown[]>(
    limit: Duration,
    ...promises: Values
  ): Promise<WaitedAtMost<Settled<Values>>> {
    return this[BACKGROUND].waitAtMost(limit, promises)
  }

  /**
   * `for await (const n of this.every('1s')) { … }`: without drift, first after one interval, until the service stops.
   * `n` counts intervals; those that go by while the loop's body runs are left out.
   */
  protected every(duration: Duration): AsyncGenerator<number, void, void> {
    return this[BACKGROUND].every(duration)
  }

  /** Has the function called after the `stop` hook, or after `cleanup`; the last one that was deferred comes first. */
  protected defer(release: () => unknown): void {
    this[BACKGROUND].disposables.defer(release)
  }

  /** Has the resource disposed of as `defer` would, and gives it back. */
  protected use<T extends Disposable | AsyncDisposable | null | undefined>(resource: T): T {
    return this[BACKGROUND].disposables.use(resource)
  }

  /** For a class with `static readyOnCall = true`: the work can begin. It counts for the present start; each needs its own. */
  protected ready(): void {
    this[PLACEMENT].ready()
  }

  /** STOPPED → PAUSED: acquire what is needed to run at once. */
  protected prepare(): void | Promise<void> {}
  /** PAUSED → RUNNING: begin to work. */
  protected start(): void | Promise<void> {}
  /** RUNNING → PAUSED: take nothing new. */
  protected pause(): void | Promise<void> {}
  /** PAUSED → STOPPED: release what `prepare` acquired. */
  protected stop(): void | Promise<void> {}
  /** Once, after a failure that left the thread alive: release what can be released. */
  protected cleanup(_error: unknown): void | Promise<void> {}
  /**
   * The body, while RUNNING. Its signal aborts when the service leaves RUNNING and its tasks have ended. Where it is
   * overridden: when it has returned by itself, and its tasks too, the service finishes (pause, stop, STOPPED); when it
   * throws the service fails.
   */
  protected run?(signal: AbortSignal): void | Promise<void>
}
