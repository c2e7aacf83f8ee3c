/**
 * One thread of a service: its context, its link, and its hooks, each under the service's deadline. A service has one,
 * or as many as its `threads`; each lives once.
 */
import { MessageChannel } from 'node:worker_threads'
import { type Clock, DeadlineExceededError, type TaskStats } from '@troupe/worker-host'
import {
  type BodyEnd,
  decodeThrown,
  encodeThrown,
  leadsDown,
  type MethodDescription,
  type Move,
  type MoveEnd,
  type Outcome,
  type ServiceOrder,
  throwAll,
} from '@troupe/worker-host/owner'
import * as Comlink from 'comlink'
import type { Call } from '../calls/call.ts'
import { CallLink } from '../calls/call-link.ts'
import type { TurnClock } from '../calls/turn-clock.ts'
import { type Death, ThreadContext } from '../threads/thread-context.ts'
import type { ThreadSupply } from '../threads/thread-supply.ts'

export interface ReplicaOptions {
  /** What the host is to run; the replica adds the port, and the count of calls begun. */
  readonly order: Omit<ServiceOrder, 'begun' | 'port'>
  readonly window: number
  /** What its calls are timed by. */
  readonly time: TurnClock
  /** What its hooks are timed by. */
  readonly clock: Clock
  readonly transitionMs: number
  readonly graceMs: number
  readonly onRoom: () => void
  readonly onDeadline: (atMs: number) => void
  /** Hands over, before there is a thread, what will end it. */
  readonly onBirth: (kill: AbortController) => void
}

interface ReplicaParts {
  readonly context: ThreadContext
  readonly kill: AbortController
  readonly link: CallLink
  readonly methods: readonly MethodDescription[]
  readonly moves: readonly Move[]
  readonly service: string
  readonly clock: Clock
  readonly transitionMs: number
  readonly graceMs: number
}

export class Replica {
  readonly link: CallLink
  readonly methods: readonly MethodDescription[]
  readonly moves: readonly Move[]
  readonly #context: ThreadContext
  readonly #kill: AbortController
  readonly #service: string
  readonly #within: Within
  readonly #transitionMs: number
  readonly #graceMs: number

  /** Starts a thread, loads the module there and constructs the service; no hook has run. */
  static async open(supply: ThreadSupply, options: ReplicaOptions): Promise<Replica> {
    const { clock, transitionMs, graceMs, onBirth } = options
    const { name: service, context } = options.order
    const kill = new AbortController()
    onBirth(kill)
    try {
      const within = withinOf(clock)
      const thread = await within(transitionMs, `a thread for "${service}"`, ThreadContext.open(supply, kill.signal))
      const { port1, port2 } = new MessageChannel()
      const begun = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
      const order: ServiceOrder = { ...options.order, begun, port: port2 }
      const asked = thread.ask(thread.host.open(Comlink.transfer(order, [port2])))
      const { methods, moves } = unwrap(await within(transitionMs, `loading "${service}"`, asked))
      const { window, time, onRoom, onDeadline } = options
      const onOverdue = ({ subject }: Call) => kill.abort(new Error(`${subject} was aborted and did not end`))
      const link = new CallLink({
        service,
        context,
        port: port1,
        methods,
        window,
        begun,
        time,
        onRoom,
        onDeadline,
        onOverdue,
      })
      return new Replica({ context: thread, kill, link, methods, moves, service, clock, transitionMs, graceMs })
    } catch (error) {
      kill.abort(error)
      throw error
    }
  }

  private constructor(parts: ReplicaParts) {
    this.link = parts.link
    this.methods = parts.methods
    this.moves = parts.moves
    this.#context = parts.context
    this.#kill = parts.kill
    this.#service = parts.service
    this.#within = withinOf(parts.clock)
    this.#transitionMs = parts.transitionMs
    this.#graceMs = parts.graceMs
  }

  /** Resolves when the thread is gone, for whatever reason. */
  get died(): Promise<Death> {
    return this.#context.died
  }

  async carryOut(move: Move): Promise<MoveEnd> {
    const asked = this.#context.ask(this.#context.host.carryOut(move))
    const outcome = await this.#within(this.#transitionMs, `the "${move.hook}" hook`, asked)
    if (!leadsDown(move)) return unwrap(outcome)
    await this.#leave(move, outcome.ok ? [] : [decodeThrown(outcome.thrown)])
    return unwrap(outcome)
  }

  /** A stop is asked for, or called off: the service hears of it at once, whatever it does. */
  heedStop(isStopping: boolean): void {
    void this.#context.host.heedStop(isStopping)
  }

  async taskStats(): Promise<TaskStats> {
    return this.#context.ask(this.#context.host.taskStats())
  }

  /** How the body that the last `start` began has ended; rejects with what it threw. */
  async bodyEnd(): Promise<BodyEnd> {
    return unwrap(await this.#context.ask(this.#context.host.bodyEnd()))
  }

  /** Ends the tasks and runs the service's `cleanup`. @returns what was thrown; a thread that is gone has nothing to clean up */
  async cleanup(error: unknown): Promise<readonly unknown[]> {
    const asked = this.#context.ask(this.#context.host.cleanup(encodeThrown(error), this.#graceMs))
    const { thrown, unfinished } = await this.#within(this.#transitionMs + this.#graceMs, 'the "cleanup" hook', asked)
    if (unfinished.length > 0) this.#warnOf(unfinished)
    return thrown.map((data) => decodeThrown(data))
  }

  /** Ends the thread at once; `died` resolves with the reason. */
  kill(reason: unknown): void {
    this.#kill.abort(reason)
  }

  /** The second half of a move down: the tasks end. @param errors those of the hook, which did not keep it from this */
  async #leave(move: Move, errors: readonly unknown[]): Promise<void> {
    const asked = this.#context.ask(this.#context.host.leave(move, this.#graceMs))
    const { thrown, unfinished } = await this.#within(this.#transitionMs + this.#graceMs, 'ending the tasks', asked)
    const all = [...errors, ...thrown.map((data) => decodeThrown(data))]
    if (unfinished.length > 0) {
      this.#warnOf(unfinished)
      all.push(new DeadlineExceededError(`ending ${named(unfinished)}`, this.#graceMs))
    }
    throwAll(all, `several steps of the ${move.to === 'PAUSED' ? 'pause' : 'stop'} failed`)
  }

  #warnOf(unfinished: readonly string[]): void {
    process.emitWarning(
      `service "${this.#service}" could not end ${named(unfinished)} within ${this.#graceMs} ms: its thread is killed`,
      { code: 'TROUPE_UNFINISHED' },
    )
  }

  /** Ends a thread whose service has stopped, also one that won't let go of its streams. */
  async retire(): Promise<void> {
    const retired = this.#within(this.#transitionMs, 'closing the thread', this.#context.retire())
    await retired.then(
      () => this.kill(undefined),
      (error) => this.kill(error),
    )
  }
}

const named = (tasks: readonly string[]): string =>
  `${tasks.length === 1 ? 'task' : `${tasks.length} tasks`} ${tasks.map((task) => `"${task}"`).join(', ')}`

function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  throw decodeThrown(outcome.thrown)
}

type Within = <T>(limitMs: number, subject: string, promise: Promise<T>) => Promise<T>

/** @throws {DeadlineExceededError} ERR_TROUPE_DEADLINE when the promise has not settled in time */
const withinOf =
  (clock: Clock): Within =>
  async (limitMs, subject, promise) => {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const cancelTimer = clock.setTimer(() => reject(new DeadlineExceededError(subject, limitMs)), limitMs)
    try {
      return await Promise.race([promise, late])
    } finally {
      cancelTimer()
    }
  }
