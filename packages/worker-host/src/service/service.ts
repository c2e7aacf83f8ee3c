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
 */
import type { ContextId } from '../access/policy.ts'
import { BadOptionsError } from '../errors/catalogue.ts'
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
  state: ServiceState
}

/** The host's way in; `Symbol.for`, so that the host and the author's copy of this package agree. */
export const PLACEMENT = Symbol.for('@troupe/worker-host:placement')

export abstract class Service<Options = unknown> {
  /** Marks the base class itself, for a host that has another copy of this package. */
  static readonly [PLACEMENT] = true
  /** What the owner gave in the specification, copied to this thread. */
  readonly options: Options;
  // A service made by hand, in a unit test of its class, stands by itself.
  [PLACEMENT]: Placement = {
    name: this.constructor.name,
    context: 'root',
    generation: 1,
    signal: new AbortController().signal,
    currentCall: () => undefined,
    state: 'STOPPED',
  }

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
   * The body, while RUNNING. Its signal aborts when the service leaves RUNNING. Where it is overridden: when it returns
   * by itself the service finishes (pause, stop, STOPPED), when it throws the service fails.
   */
  protected run?(signal: AbortSignal): void | Promise<void>
}
