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
import { type Clock, systemClock } from '../clock/clock.ts'
import type { Duration } from '../clock/duration.ts'
import { BadOptionsError } from '../errors/catalogue.ts'
import { requireOptions } from '../errors/require-options.ts'
import { openSelect } from '../receivers/open-select.ts'
import type { Received, Select, Source } from '../receivers/select.ts'
import { Background, type Tasks } from '../tasks/background.ts'
import type { Settled, Waited, WaitedAtMost } from '../tasks/waiting.ts'
import type { CallScope } from './call-scope.ts'
import type { ServiceChildren } from './service-children.ts'
import { HomeContext, type InjectOptions, type ServiceContext } from './service-context.ts'

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
  readonly context: HomeContext
  readonly generation: number
  readonly signal: AbortSignal
  /** The call that runs now. */
  readonly currentCall: () => CallScope | undefined
  /** Made when it is first asked for. */
  readonly children: () => ServiceChildren
  /** The service has called `ready()`. */
  readonly ready: () => void
  state: ServiceState
}

/** The host's way in; `Symbol.for`, so that the host and the author's copy of this package agree. */
export const PLACEMENT = Symbol.for('@troupe/worker-host:placement')

/** The same for what the service does in the background. */
export const BACKGROUND = Symbol.for('@troupe/worker-host:background-work')

export abstract class Service<Options = unknown> {
  /**
   * The placement of the object that is made next, so that its constructor and its fields can use it. It also marks the
   * base class itself, for a host that has another copy of this package.
   */
  static [PLACEMENT]: Placement | undefined = undefined
  /**
   * RUNNING is reached only when `start` has returned and `this.ready()` was called: by `start`, by `run` or by a task.
   * So background work begins before RUNNING then, as soon as `start` has returned. Calls wait until RUNNING.
   * @defaultValue false: RUNNING is reached when `start` has returned, and background work begins after that
   */
  static readonly readyOnCall: boolean = false
  /** What the owner gave in the specification, copied to this thread. */
  readonly options: Options;
  [PLACEMENT]: Placement = takePlacement() ?? byHand(this.constructor.name)

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

  /** The context that this service lives in: its `id`, such as `root/views`, and the services it can call and bring up. */
  get context(): ServiceContext {
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

  /** The services below this one, which come up and go down with it: `this.children.spawn(…)`. */
  protected get children(): ServiceChildren {
    return this[PLACEMENT].children()
  }

  /**
   * Provides a value to those that `inject` it: the services of the pool that this service is in, and all below them.
   * It is copied as it is now. It is taken back when what this resolves with is disposed of, and when the service has
   * stopped or failed; who injects it after that waits for the next.
   *
   * @throws {DuplicateNameError} ERR_TROUPE_DUPLICATE_NAME while that pool has a value of that key
   * @throws {NotCloneableError} ERR_TROUPE_NOT_CLONEABLE for what structured clone would lose, marked values too
   */
  protected async provide(key: string, value: unknown): Promise<AsyncDisposable> {
    return this[PLACEMENT].context.provide(key, value)
  }

  /**
   * Waits for a value that was, or will be, provided in the pool of this context, or in one above it; the nearest counts.
   * Each call resolves with a copy. It rejects with the signal's reason, or that of `this.stopping`.
   *
   * @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED when the pool is closed before it comes
   */
  protected async inject<T = unknown>(key: string, options: InjectOptions = {}): Promise<T> {
    requireOptions('inject', options, ['signal'])
    const { signal } = options
    const ended = AbortSignal.any(signal ? [this.stopping, signal] : [this.stopping])
    return this[PLACEMENT].context.inject(key, { signal: ended }) as Promise<T>
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

  /**
   * `wait` with a limit: the outcome tells `timedOut` from `stopped`.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is no duration
   */
  protected waitAtMost<Values extends readonly unknown[]>(
    limit: Duration,
    ...promises: Values
  ): Promise<WaitedAtMost<Settled<Values>>> {
    return this[BACKGROUND].waitAtMost(limit, promises)
  }

  /**
   * `for await (const n of this.every('1s')) { … }`: without drift, first after one interval, until the service stops.
   * `n` counts intervals; those that go by while the loop's body runs are left out.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is no duration
   */
  protected every(duration: Duration): AsyncGenerator<number, void, void> {
    return this[BACKGROUND].every(duration)
  }

  /**
   * Several inputs, read as one: async iterables, `MessagePort`s, `listen(emitter, name)`, `this.every('1s')`, other
   * selects. Read it by a loop, begun in the same turn: `for await (const { source, value } of this.select(a, b))`,
   * which ends when no source is left and at least one has ended. Else each event is given to `onMessage`, if the class
   * has that, one at a time, until the service leaves RUNNING. It is a task: whoever made it goes on until it has ended.
   *
   * Its type comes from the sources: `value` is of any type that one of them gives, and `add` takes more sources of the
   * same types. For others name them all, as in `this.select<Source>(a)` or `this.select<typeof a | typeof b>(a)`.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is no source, or is in a select already
   * @throws {NotRunningError} ERR_TROUPE_NOT_RUNNING as `tasks.run`
   */
  protected select<Sources extends readonly [Source, ...Source[]]>(...sources: Sources): Select<Sources[number]>
  protected select<From extends Source>(...sources: From[]): Select<From>
  protected select(...sources: Source[]): Select {
    return openSelect(this.tasks, sources, this.onMessage && ((event) => this.onMessage?.(event)))
  }

  /** Takes what comes from the sources of selects that nobody else reads; what it throws fails the service. */
  protected onMessage?(event: Received<Source>): unknown

  /**
   * Has the function called after the `stop` hook, or after `cleanup`; the last one that was deferred comes first.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   */
  protected defer(release: () => unknown): void {
    this[BACKGROUND].disposables.defer(release)
  }

  /** Has the resource disposed of as `defer` would, and gives it back. @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
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

function takePlacement(): Placement | undefined {
  const placement = Service[PLACEMENT]
  Service[PLACEMENT] = undefined
  return placement
}

/** A service made by hand, in a unit test of its class, stands by itself. */
function byHand(name: string): Placement {
  return {
    name,
    context: new HomeContext('root'),
    generation: 1,
    signal: new AbortController().signal,
    currentCall: () => undefined,
    children: noChildren,
    ready: () => {},
    state: 'STOPPED',
  }
}

function noChildren(): never {
  throw new BadOptionsError('a service that was made by hand, outside of a pool, has no children')
}
