/**
 * Brings a service to the state that was asked for last.
 *
 * `aim` sets a goal and never acts by itself: one loop carries out one move at a time, and after each looks at the
 * newest goal again. So moves never overlap, a move in hand is always finished, and of many goals the last one wins.
 * The one exception is a class's own move from a state of motion, which overtakes the hook that runs there.
 */
import { NotRunningError, type RestState, type ServiceState, SupersededError } from '@troupe/worker-host'
import { type Clock, type Move, TRANSITIONS } from '@troupe/worker-host/owner'
import { leadsAway, overtaking, route } from './transitions.ts'

/**
 * What a change of state is owed to: `start`, `pause`, `stop` or `restart` as asked of the handle, `restart` by the
 * supervision too, the body's end (`finish`), the pool's (`close`), or an error (`failure`).
 */
export type Cause = 'start' | 'pause' | 'stop' | 'restart' | 'finish' | 'close' | 'failure'

export interface Change {
  readonly state: ServiceState
  readonly previous: ServiceState
  readonly cause: Cause
  /** How long the move took that this change ends; undefined where it ends none. @unit milliseconds */
  readonly durationMs: number | undefined
}

export interface ReconcilerOptions {
  readonly service: string
  readonly clock: Pick<Clock, 'now'>
  /**
   * Makes the object, on the way out of STOPPED; what it throws fails the service.
   * @param ahead the moves that are to follow, by what is known of the class
   * @returns the moves that its class has
   */
  readonly open: (ahead: readonly Move[]) => Promise<readonly Move[]>
  /**
   * Carries a move out; what it throws fails the service. Nobody heeds what comes of it once `overtaken` has aborted.
   * @returns where it has led to: STOPPED when its hook gave up, else where it goes
   */
  readonly carryOut: (move: Move, overtaken: AbortSignal) => Promise<RestState>
  readonly onState: (change: Change) => void
  /** A new goal was set. Nothing need have been done for it yet. */
  readonly onGoal: (target: RestState) => void
  /** The service has just become FAILED, on its way to, or at rest in, `target`: in a restart RUNNING, also on its way down. */
  readonly onFailed: (error: unknown, target: ServiceState) => void
}

interface Goal {
  readonly target: RestState
  readonly cause: Cause
  /** A restart passes STOPPED first, for a fresh object. */
  mustStop: boolean
  readonly reached: Promise<void>
  resolve(): void
  reject(reason: unknown): void
}

/** A move whose hook runs. */
interface InHand {
  readonly move: Move
  readonly overtake: (by: Move) => void
}

const ASKED = { RUNNING: 'start', PAUSED: 'pause', STOPPED: 'stop' } as const satisfies Record<RestState, Cause>
const RESTS: ReadonlySet<ServiceState> = new Set(['STOPPED', 'PAUSED', 'RUNNING', 'FAILED'])

/** No move is under way. */
export const isRest = (state: ServiceState): boolean => RESTS.has(state)

export class Reconciler {
  readonly #options: ReconcilerOptions
  #table: readonly Move[] = TRANSITIONS
  #state: ServiceState = 'STOPPED'
  #told: ServiceState = 'STOPPED'
  /** When the present move began; undefined at rest. */
  #begunMs: number | undefined
  #goal: Goal | undefined
  #inHand: InHand | undefined
  #repair: (() => Promise<void>) | undefined
  #failure: unknown
  #isMoving = false

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  get state(): ServiceState {
    return this.#state
  }

  /** What the service failed of; undefined unless FAILED. */
  get failure(): unknown {
    return this.#failure
  }

  /** Where the service is going, or rests; STOPPED in the first half of a restart. */
  get target(): ServiceState {
    return this.#goal === undefined ? this.#state : headingOf(this.#goal)
  }

  /** It goes to RUNNING with everything made anew. */
  get isRestarting(): boolean {
    return this.#goal?.cause === 'restart'
  }

  /** Whether the newest goal turns its back on the move whose hook runs now. */
  get isLedAway(): boolean {
    const move = this.#inHand?.move
    if (move === undefined || this.#goal === undefined || this.#state !== move.via) return false
    return leadsAway(move, headingOf(this.#goal), this.#table)
  }

  /** The moves from one state to another, of the class as it was last loaded. */
  route(from: ServiceState, to: RestState): readonly Move[] {
    return route(from, to, this.#table)
  }

  /**
   * Resolves when the target is reached. The same target again joins; another one supersedes.
   *
   * @throws {SupersededError} ERR_TROUPE_SUPERSEDED when a later goal took its place
   * @throws {NotRunningError} ERR_TROUPE_NOT_RUNNING, with the failure as `cause`, from FAILED to anything but STOPPED
   */
  aim(target: RestState, cause: Cause = ASKED[target]): Promise<void> {
    if (this.#goal?.target === target) return this.#goal.reached
    if (this.#state === 'FAILED') {
      if (target === 'STOPPED') return this.#acknowledge(cause)
      return Promise.reject(new NotRunningError(this.#options.service, 'FAILED', { cause: this.#failure }))
    }
    return this.#set(target, cause)
  }

  /** Brings it to RUNNING with everything made anew: FAILED is left at once, any other state by way of STOPPED. */
  restart(): Promise<void> {
    if (this.#goal?.cause === 'restart') return this.#goal.reached
    if (this.#state === 'FAILED') {
      this.#failure = undefined
      this.#state = 'STOPPED' // not told to anyone: to the world it goes from FAILED to PREPARING
    }
    return this.#set('RUNNING', 'restart', this.#state !== 'STOPPED')
  }

  /** Does something between two moves, when the service rests in PAUSED or RUNNING, and not at all when it leaves them. */
  repairWith(repair: () => Promise<void>): void {
    this.#repair = repair
    void this.#reconcile()
  }

  /** The first error wins; a service that is not alive has nothing to fail. */
  fail(error: unknown): void {
    if (this.#state === 'FAILED' || this.#state === 'STOPPED') return
    this.#failure = error
    this.#repair = undefined
    const goal = this.#goal
    const target = goal?.target ?? this.#state
    this.#goal = undefined
    this.#enter('FAILED', 'failure')
    goal?.reject(error)
    this.#options.onFailed(error, target)
  }

  #set(target: RestState, cause: Cause, mustStop = false): Promise<void> {
    if (this.#goal === undefined && this.#state === target && !mustStop) return Promise.resolve()
    const superseded = this.#goal
    const goal = newGoal(target, cause, mustStop)
    this.#goal = goal
    superseded?.reject(new SupersededError(this.#options.service, superseded.target, target))
    this.#options.onGoal(headingOf(goal))
    this.#overtakeFor(headingOf(goal))
    void this.#reconcile()
    return goal.reached // a listener may have set another one meanwhile
  }

  #overtakeFor(target: RestState): void {
    const inHand = this.#inHand
    const by = inHand && this.#state === inHand.move.via && overtaking(this.#state, target, this.#table)
    if (by) inHand.overtake(by)
  }

  async #reconcile(): Promise<void> {
    if (this.#isMoving) return
    this.#isMoving = true
    try {
      while (this.#state !== 'FAILED') {
        const goal = this.#goal
        if (goal?.target === this.#state && !goal.mustStop) {
          this.#goal = undefined
          if (this.#told !== this.#state) this.#enter(this.#state, goal.cause) // a revival that was called off
          goal.resolve()
        } else if (goal !== undefined) {
          await this.#move(goal)
        } else if (this.#repair !== undefined) {
          const repair = this.#repair
          this.#repair = undefined
          await repair()
        } else return
      }
    } catch (error) {
      this.fail(error)
    } finally {
      this.#isMoving = false
      if (this.#goal !== undefined) void this.#reconcile() // set by a listener while the loop was ending
    }
  }

  async #move(goal: Goal): Promise<void> {
    const move = route(this.#state, headingOf(goal), this.#table)[0]!
    this.#enter(move.via, goal.cause)
    if (move.from !== 'STOPPED') return this.#carry(move, goal)
    // What moves a class has is known when it is loaded: only then is it decided how to go on from here.
    const table = await this.#options.open(this.route('STOPPED', headingOf(goal)))
    if (this.#state !== move.via) return
    this.#table = table
    const target = this.#goal === undefined ? move.to : headingOf(this.#goal)
    await this.#carry(route('STOPPED', target, table)[0] ?? move, goal)
  }

  /** @param goal the one that the move was begun for */
  async #carry(move: Move, goal: Goal): Promise<void> {
    const overtaken = new AbortController()
    const overtaker = Promise.withResolvers<Move>()
    const overtake = (by: Move): void => {
      overtaken.abort()
      overtaker.resolve(by)
    }
    this.#inHand = { move, overtake }
    const carried = this.#options.carryOut(move, overtaken.signal)
    if (this.#goal !== undefined && this.#goal !== goal) this.#overtakeFor(headingOf(this.#goal)) // set while it loaded
    const end = await Promise.race([carried, overtaker.promise]).finally(() => {
      this.#inHand = undefined
    })
    // A crash during the move has made it FAILED; and a restart may already have begun anew.
    if (this.#state !== move.via) return
    if (typeof end === 'string') return this.#enter(end, goal.cause)
    const newer = this.#goal ?? goal
    this.#enter(end.via, newer.cause)
    await this.#carry(end, newer)
  }

  #enter(state: ServiceState, cause: Cause): void {
    if (state === 'STOPPED' && this.#goal !== undefined) this.#goal.mustStop = false
    const previous = this.#told
    const nowMs = this.#options.clock.now()
    const durationMs = this.#begunMs === undefined ? undefined : nowMs - this.#begunMs
    this.#state = this.#told = state
    this.#begunMs = isRest(state) ? undefined : nowMs
    this.#options.onState({ state, previous, cause, durationMs })
  }

  /** FAILED → STOPPED, without a hook. */
  async #acknowledge(cause: Cause): Promise<void> {
    this.#failure = undefined
    this.#enter('STOPPED', cause)
  }
}

const headingOf = ({ target, mustStop }: Goal): RestState => (mustStop ? 'STOPPED' : target)

function newGoal(target: RestState, cause: Cause, mustStop: boolean): Goal {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  promise.catch(() => {}) // a goal that nobody awaits may be superseded; failures are told by event and state as well
  return { target, cause, mustStop, reached: promise, resolve, reject }
}
