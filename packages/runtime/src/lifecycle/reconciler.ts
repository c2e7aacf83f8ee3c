/**
 * Brings a service to the state that was asked for last.
 *
 * `aim` sets a goal and never acts by itself: one loop carries out one move at a time, and after each looks at the
 * newest goal again. So moves never overlap, a move in hand is always finished, and of many goals the last one wins.
 */
import { NotRunningError, type ServiceState, SupersededError } from '@troupe/worker-host'
import { nextMove, type TargetState, type Transition } from './transitions.ts'

export interface ReconcilerOptions {
  readonly service: string
  /** Carries a move out; what it throws fails the service. */
  readonly carryOut: (move: Transition) => Promise<void>
  readonly onState: (state: ServiceState, previous: ServiceState) => void
  /** The target changed while, or before, a move is carried out. */
  readonly onGoal: (target: TargetState) => void
  /** The service has just become FAILED, on its way to, or at rest in, `target`. */
  readonly onFailed: (error: unknown, target: ServiceState) => void
}

interface Goal {
  readonly target: TargetState
  readonly reached: Promise<void>
  resolve(): void
  reject(reason: unknown): void
}

export class Reconciler {
  readonly #options: ReconcilerOptions
  #state: ServiceState = 'STOPPED'
  #told: ServiceState = 'STOPPED'
  #goal: Goal | undefined
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

  /** Where the service is going, or rests. */
  get target(): ServiceState {
    return this.#goal?.target ?? this.#state
  }

  /**
   * Resolves when the target is reached. The same target again joins; another one supersedes.
   *
   * @throws {SupersededError} ERR_TROUPE_SUPERSEDED when a later goal took its place
   * @throws {NotRunningError} ERR_TROUPE_NOT_RUNNING, with the failure as `cause`, from FAILED to anything but STOPPED
   */
  aim(target: TargetState): Promise<void> {
    if (this.#goal?.target === target) return this.#goal.reached
    if (this.#state === 'FAILED') {
      if (target === 'STOPPED') return this.#acknowledge()
      return Promise.reject(new NotRunningError(this.#options.service, 'FAILED', { cause: this.#failure }))
    }
    return this.#set(target)
  }

  /** Leaves FAILED, with everything made anew, for RUNNING. */
  revive(): Promise<void> {
    if (this.#state === 'FAILED') {
      this.#failure = undefined
      this.#state = 'STOPPED' // not told to anyone: to the world it goes from FAILED to PREPARING
    }
    return this.#set('RUNNING')
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
    const target = this.target
    const goal = this.#goal
    this.#goal = undefined
    this.#enter('FAILED')
    goal?.reject(error)
    this.#options.onFailed(error, target)
  }

  #set(target: TargetState): Promise<void> {
    if (this.#goal === undefined && this.#state === target) return Promise.resolve()
    const superseded = this.#goal
    const goal = newGoal(target)
    this.#goal = goal
    superseded?.reject(new SupersededError(this.#options.service, superseded.target, target))
    this.#options.onGoal(target)
    void this.#reconcile()
    return goal.reached // a listener may have set another one meanwhile
  }

  async #reconcile(): Promise<void> {
    if (this.#isMoving) return
    this.#isMoving = true
    try {
      while (this.#state !== 'FAILED') {
        const goal = this.#goal
        if (goal?.target === this.#state) {
          this.#goal = undefined
          if (this.#told !== this.#state) this.#enter(this.#state) // a revival that was called off
          goal.resolve()
        } else if (goal !== undefined) {
          await this.#move(nextMove(this.#state, goal.target)!)
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

  async #move(move: Transition): Promise<void> {
    this.#enter(move.via)
    await this.#options.carryOut(move)
    // A crash during the move has made it FAILED; and a restart may already have begun anew.
    if (this.#state === move.via) this.#enter(move.to)
  }

  #enter(state: ServiceState): void {
    const previous = this.#told
    this.#state = this.#told = state
    this.#options.onState(state, previous)
  }

  /** FAILED → STOPPED, without a hook. */
  async #acknowledge(): Promise<void> {
    this.#failure = undefined
    this.#enter('STOPPED')
  }
}

function newGoal(target: TargetState): Goal {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  promise.catch(() => {}) // a goal that nobody awaits may be superseded; failures are told by event and state as well
  return { target, reached: promise, resolve, reject }
}
