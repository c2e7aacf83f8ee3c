/**
 * One object of a service: its host, its link, and its hooks, each under the service's deadline. A service has one, or
 * as many as its `threads`; each lives once.
 */
import { type Clock, DeadlineExceededError, NotCloneableError, type TaskStats } from '@troupe/worker-host'
import {
  type BodyEnd,
  type Channel,
  decodeThrown,
  encodeThrown,
  findUncloneable,
  leadsDown,
  type MethodDescription,
  type Move,
  type MoveEnd,
  type Outcome,
  type ServiceOrder,
  throwAll,
  transferOf,
} from '@troupe/worker-host/owner'
import * as Comlink from 'comlink'
import type { Call, RefusedCall } from '../calls/call.ts'
import { extrasOf } from '../calls/call-extras.ts'
import { CallLink } from '../calls/call-link.ts'
import { ServiceMethods } from '../calls/service-methods.ts'
import type { TurnClock } from '../calls/turn-clock.ts'
import type { Death, HostLink } from '../contexts/host-link.ts'
import type { Lease, Place } from '../contexts/place.ts'
import { LinkLender } from '../routing/link-lender.ts'
import { TimeLimit } from './time-limit.ts'

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
  readonly onRefused: (call: RefusedCall) => void
  /** A caller has given back a link that it had. */
  readonly onLinkReturned: () => void
  /** Hands over, before there is a thread, what will end it. */
  readonly onBirth: (kill: AbortController) => void
}

interface ReplicaParts {
  readonly lease: Lease
  readonly kill: AbortController
  readonly link: CallLink
  readonly lender: LinkLender
  readonly methods: readonly MethodDescription[]
  readonly moves: readonly Move[]
  /** Those that its host has carried out already. */
  readonly done: readonly Move[]
  readonly className: string
  readonly service: string
  readonly clock: Clock
  readonly transitionMs: number
  readonly graceMs: number
}

export class Replica {
  readonly link: CallLink
  /** Of the links that other callers have to its thread. */
  readonly lender: LinkLender
  readonly methods: readonly MethodDescription[]
  readonly moves: readonly Move[]
  /** Of the service. */
  readonly className: string
  readonly #lease: Lease
  readonly #kill: AbortController
  readonly #service: string
  readonly #clock: Clock
  readonly #transitionMs: number
  readonly #graceMs: number
  #done: readonly Move[]
  /** Its host has closed with its last move. */
  #isClosed = false
  /** It has not done in time what it was asked to: its thread can only be killed. */
  #isStuck = false

  /** Takes a host, loads the module there and constructs the service; no hook has run. */
  static async open(place: Place, options: ReplicaOptions): Promise<Replica> {
    const { clock, transitionMs, graceMs, onBirth } = options
    const { name: service, context, caller: owner } = options.order
    const kill = new AbortController()
    onBirth(kill)
    const limit = new TimeLimit(clock, transitionMs, `a thread for "${service}"`)
    const lease = await limit
      .over((patiently) => place.lease(kill, patiently))
      .catch((error) => {
        kill.abort(error)
        throw error
      })
    try {
      const { near: port, far } = lease.carrier.open()
      requireCarried(options.order, port)
      const begun = lease.carrier.shareCount()
      const order: ServiceOrder = { ...options.order, begun: begun?.far, port: far }
      const asked = lease.host.ask((host) => host.open(Comlink.transfer(order, transferOf(far))))
      const { methods, moves, done, className, ...reader } = unwrap(
        await new TimeLimit(clock, transitionMs, `loading "${service}"`).over(() => asked),
      )
      const { window, time, onRoom, onDeadline, onRefused } = options
      const onOverdue = ({ subject }: Call) => kill.abort(new Error(`${subject} was aborted and did not end`))
      const link = new CallLink({
        service,
        context,
        owner,
        port,
        methods: new ServiceMethods(methods),
        extrasOf: (call, nowMs) => extrasOf(call, nowMs, reader),
        window,
        begun: begun?.near,
        time,
        onRoom,
        onDeadline,
        onOverdue,
        onRefused,
      })
      const onReturned = options.onLinkReturned
      const lender = new LinkLender({ service, context, link, methods, reader, window, onReturned })
      return new Replica({
        lease,
        kill,
        link,
        lender,
        methods,
        moves,
        done: order.ahead.slice(0, done),
        className,
        service,
        clock,
        transitionMs,
        graceMs,
      })
    } catch (error) {
      if (error instanceof DeadlineExceededError) kill.abort(error)
      else lease.abandon(error)
      throw error
    }
  }

  private constructor(parts: ReplicaParts) {
    this.link = parts.link
    this.lender = parts.lender
    this.methods = parts.methods
    this.moves = parts.moves
    this.className = parts.className
    this.#lease = parts.lease
    this.#kill = parts.kill
    this.#service = parts.service
    this.#clock = parts.clock
    this.#transitionMs = parts.transitionMs
    this.#graceMs = parts.graceMs
    this.#done = parts.done
  }

  get #host(): HostLink {
    return this.#lease.host
  }

  /** Resolves when the thread is gone, for whatever reason. */
  get died(): Promise<Death> {
    return this.#host.ended
  }

  /** @param last the moves that follow for certain, until it is retired */
  async carryOut(move: Move, last?: readonly Move[]): Promise<MoveEnd> {
    const outcome = this.#isClosed || this.#hasDone(move) ? DONE : await this.#ask(move, last)
    if (move.to === 'RUNNING' && outcome.ok) this.#lease.settled()
    this.#isClosed ||= outcome.ok && outcome.value === 'closed'
    if (!leadsDown(move) || this.#isClosed || (outcome.ok && outcome.value === 'left')) return unwrap(outcome)
    await this.#leave(move, outcome.ok ? [] : [decodeThrown(outcome.thrown)])
    return unwrap(outcome)
  }

  #ask(move: Move, last: readonly Move[] | undefined): Promise<Outcome<MoveEnd>> {
    const asked = this.#host.ask((host) => host.carryOut(move, last))
    return this.#limited(this.#transitionMs, `the "${move.hook}" hook`, asked)
  }

  /** Its host was ahead; what it has done beyond another way is undone by nobody, since the service had no say in it. */
  #hasDone({ hook }: Move): boolean {
    const [next, ...more] = this.#done
    this.#done = next?.hook === hook ? more : []
    return next?.hook === hook
  }

  /** A stop is asked for, or called off: the service hears of it at once, whatever it does. */
  heedStop(isStopping: boolean): void {
    this.#host.tell((host) => host.heedStop(isStopping))
  }

  async taskStats(): Promise<TaskStats> {
    return this.#host.ask((host) => host.taskStats())
  }

  /** How the body that the last `start` began has ended; rejects with what it threw. */
  async bodyEnd(): Promise<BodyEnd> {
    return unwrap(await this.#host.ask((host) => host.bodyEnd()))
  }

  /** Resolves when no call begins any more; a thread that does not say so in time is ended. */
  async hold(): Promise<void> {
    const asked = this.#host.ask((host) => host.hold())
    await this.#limited(this.#transitionMs, 'holding its calls', asked).catch((error) => this.kill(error))
  }

  /** Ends the tasks and runs the service's `cleanup`. @returns what was thrown; a thread that is gone has nothing to clean up */
  async cleanup(error: unknown): Promise<readonly unknown[]> {
    const asked = this.#host.ask((host) => host.cleanup(encodeThrown(error), this.#graceMs))
    const { thrown, unfinished } = await this.#limited(this.#transitionMs + this.#graceMs, 'the "cleanup" hook', asked)
    if (unfinished.length > 0) this.#warnOf(unfinished)
    return thrown.map((data) => decodeThrown(data))
  }

  /** Ends the thread at once; `died` resolves with the reason. */
  kill(reason: unknown): void {
    this.#kill.abort(reason)
  }

  /** The second half of a move down: the tasks end. @param errors those of the hook, which did not keep it from this */
  async #leave(move: Move, errors: readonly unknown[]): Promise<void> {
    const asked = this.#host.ask((host) => host.leave(move, this.#graceMs))
    const { thrown, unfinished } = await this.#limited(this.#transitionMs + this.#graceMs, 'ending the tasks', asked)
    const all = [...errors, ...thrown.map((data) => decodeThrown(data))]
    if (unfinished.length > 0) {
      this.#warnOf(unfinished)
      all.push(new DeadlineExceededError(`ending ${named(unfinished)}`, this.#graceMs))
    }
    throwAll(all, `several steps of the ${move.to === 'PAUSED' ? 'pause' : 'stop'} failed`)
  }

  async #limited<T>(limitMs: number, subject: string, promise: Promise<T>): Promise<T> {
    try {
      return await new TimeLimit(this.#clock, limitMs, subject).over(() => promise)
    } catch (error) {
      this.#isStuck ||= error instanceof DeadlineExceededError
      throw error
    }
  }

  #warnOf(unfinished: readonly string[]): void {
    this.#isStuck = true
    process.emitWarning(
      `service "${this.#service}" could not end ${named(unfinished)} within ${this.#graceMs} ms: its thread is killed`,
      { code: 'TROUPE_UNFINISHED' },
    )
  }

  /** The service has failed and had its clean-up: lets its host go, or ends a thread that would not let it go. */
  discard(reason: unknown): void {
    if (this.#isStuck) this.kill(reason)
    else this.#lease.abandon(reason)
  }

  /** Lets the host of a service that has stopped go, also one that won't let go of its streams. */
  async retire(): Promise<void> {
    try {
      if (!this.#isClosed)
        await this.#limited(
          this.#transitionMs,
          'closing the host',
          this.#host.ask((host) => host.close()),
        )
      await this.#lease.release()
    } catch (error) {
      this.kill(error)
    }
  }
}

const DONE: Outcome<MoveEnd> = { ok: true, value: 'done' }

const named = (tasks: readonly string[]): string =>
  `${tasks.length === 1 ? 'task' : `${tasks.length} tasks`} ${tasks.map((task) => `"${task}"`).join(', ')}`

/** @throws {NotCloneableError} ERR_TROUPE_NOT_CLONEABLE for options that can be copied, but not to another process */
function requireCarried({ name, options }: ReplicaOptions['order'], { carries }: Channel): void {
  if (carries === undefined || carries(options)) return
  const { path, found } = findUncloneable(options, 'options', carries)
  throw new NotCloneableError(`service "${name}"`, path, found, { to: 'process' })
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  throw decodeThrown(outcome.thrown)
}
