/**
 * What runs in a thread: loads a service, walks it through its transitions, and lets calls in while it is RUNNING.
 * The owner holds `Comlink.wrap<HostApi>` of it and decides every move; the host only carries moves out.
 *
 * A question costs both sides a waking, and most services have no hooks of their own. So the owner says what is to follow,
 * and the host does as much of it at once as the service has no say in.
 *
 * Nothing here throws to the owner: Comlink would drop an error's code, class and cause, so what hooks throw travels as data.
 */
import type { ContextId } from '../access/context-id.ts'
import { describeMethod, type MethodDescription, methodTable } from '../access/method-table.ts'
import { messageOf } from '../errors/catalogue.ts'
import { decodeThrown, encodeThrown, type ThrownData } from '../errors/error-data.ts'
import { errorsOf, throwAll } from '../errors/throw-all.ts'
import { CallScopes } from '../service/call-scope.ts'
import { registeredStores } from '../service/carried.ts'
import { BACKGROUND, type Placement } from '../service/service.ts'
import type { ChildrenControl, ServiceChildren } from '../service/service-children.ts'
import type { HomeContext } from '../service/service-context.ts'
import { leadsDown, type Move, movesOf } from '../service/transition.ts'
import { type Background, type ReadyJob, readyJobs, type TaskStats } from '../tasks/background.ts'
import { jobsOf } from '../tasks/declarations.ts'
import type { CancelledGraph } from '../tasks/task-graph.ts'
import type { Carrier, CountPlace } from '../wire/carrier.ts'
import type { ChannelEnd } from '../wire/channel.ts'
import { CallPorts } from './call-ports.ts'
import { encodeFailure } from './failure.ts'
import { baseOf, construct, loadService } from './load-service.ts'
import { untilReady } from './readiness.ts'

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly thrown: ThrownData }

/**
 * `gaveUp`: for a newer goal its hook broke off, by the reason of `this.stopping`.
 * `left`: the move leads down, and there was nothing that `leave` would have had to end.
 * `closed`: so it was with all the moves that end the service, and the host is closed.
 */
export type MoveEnd = 'done' | 'gaveUp' | 'left' | 'closed'

/** What the owner asks a host to run. */
export interface ServiceOrder {
  readonly name: string
  readonly context: ContextId
  readonly caller: ContextId
  readonly generation: number
  readonly moduleUrl: string
  readonly exportName: string | undefined
  readonly options: unknown
  readonly isSerialized: boolean
  readonly maxTasks: number
  /** The moves that are to follow. */
  readonly ahead: readonly Move[]
  /** Where it counts the calls that have begun; undefined where there is no place for that. */
  readonly begun: CountPlace | undefined
  readonly port: ChannelEnd
}

export interface ServiceDescription {
  readonly className: string
  readonly methods: readonly MethodDescription[]
  /** The class asks for its calls: it is told how long they have, and of their traces. */
  readonly readsCalls: boolean
  /** The names of the AsyncLocalStorage stores that are registered in its thread. */
  readonly stores: readonly string[]
  /** The direct moves that the class adds. */
  readonly moves: readonly Move[]
  /** How many of the moves ahead have been carried out. */
  readonly done: number
}

/** How the body and its tasks ended: by themselves, or because the service left RUNNING. */
export type BodyEnd = 'completed' | 'aborted'

/** What came of ending the tasks, or of a clean-up. */
export interface Ending {
  /** What was thrown, in that order. */
  readonly thrown: readonly ThrownData[]
  /** Tasks that still ran when the grace was over. */
  readonly unfinished: readonly string[]
}

/** The control plane of one service. */
export interface HostApi {
  open(order: ServiceOrder): Promise<Outcome<ServiceDescription>>
  /**
   * Runs the hook of a move. One that leads down is over when `leave` has answered, whatever the hook did; or has `left`.
   * @param last the moves that follow for certain, and after which it is closed; to stop is asked for by that too
   */
  carryOut(move: Move, last?: readonly Move[]): Promise<Outcome<MoveEnd>>
  /** Ends the tasks, leaves first, and the body last, within the grace; on the way to STOPPED releases what was deferred. */
  leave(move: Move, graceMs: number): Promise<Ending>
  /** Settles when the body and the tasks of this stay in RUNNING have ended; at once with an error that fails the service. */
  bodyEnd(): Promise<Outcome<BodyEnd>>
  /** No call begins any more. */
  hold(): Promise<void>
  /** Ends the tasks, within the grace, runs the `cleanup` hook and releases what was deferred. */
  cleanup(error: ThrownData, graceMs: number): Promise<Ending>
  /** `this.stopping` is raised, or lowered. */
  heedStop(isStopping: boolean): Promise<void>
  taskStats(): Promise<TaskStats>
  close(): Promise<void>
}

/** The protected hooks, which only the host may call. */
type Hooks = {
  cleanup(error: unknown): unknown
  readonly run?: ((signal: AbortSignal) => unknown) | undefined
}

interface Hosted {
  readonly service: Hooks
  /** What it would be without its class: the hooks there do nothing. */
  readonly base: object
  readonly background: Background
  readonly jobs: readonly ReadyJob[]
  readonly maxTasks: number
  readonly placement: Placement
  /** Where the service's name is, for those that it brings up. */
  readonly path: string
  readonly ports: CallPorts
  readonly stopping: AbortController
  /** Made when the service first has to do with any. */
  children: ChildrenControl | undefined
  /** Whether the service says itself when it is ready. */
  readonly isReadyOnCall: boolean
  /** What `ready()` resolves: of the last start. */
  ready: PromiseWithResolvers<void>
  /** The move in hand; one that it has overtaken has no say any more. */
  move: Move | undefined
  /** Whether `this.stopping` was raised while its hook ran. */
  isToldToStop: boolean
}

export class Host implements HostApi {
  /** Resolves when the owner has closed this host. */
  readonly closed: Promise<void>
  #markClosed!: () => void
  readonly #home: HomeContext
  readonly #carrier: Carrier
  #hosted: Hosted | undefined

  /** @param carrier what its orders come through */
  constructor(home: HomeContext, carrier: Carrier) {
    this.#home = home
    this.#carrier = carrier
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve
    })
  }

  open(order: ServiceOrder): Promise<Outcome<ServiceDescription>> {
    return outcomeOf(async () => {
      const type = await loadService(order.moduleUrl, order.exportName)
      const base = baseOf(type)
      const methods = methodTable(type, base)
      const moves = movesOf(type, base)
      const jobs = await readyJobs(jobsOf(type, base))
      const stopping = new AbortController()
      const scopes = new CallScopes(type, base)
      const { name, generation, maxTasks } = order
      const placement: Placement = {
        name,
        context: this.#home.of(`${order.caller}/${name}`, this.#carrier.sharesMemory),
        generation,
        signal: stopping.signal,
        currentCall: () => scopes.current(name),
        children: () => this.#children(),
        ready: () => this.#hosted?.ready.resolve(),
        state: 'PREPARING',
      }
      const service = construct(type, placement, order.options)
      const port = this.#carrier.accept(order.port)
      const begun = order.begun === undefined ? { value: 0 } : this.#carrier.countAt(order.begun)
      const ports = new CallPorts({ ...order, service: name, target: service, methods, scopes, port, begun })
      const background = service[BACKGROUND]
      const hooks = service as unknown as Hooks
      this.#hosted = {
        service: hooks,
        base,
        background,
        jobs,
        maxTasks,
        placement,
        path: `${order.caller}/${name}`,
        ports,
        stopping,
        children: undefined,
        isReadyOnCall: type.readyOnCall,
        ready: Promise.withResolvers(),
        move: undefined,
        isToldToStop: false,
      }
      // A class's own moves may be a shorter way, which the owner does not know yet.
      const done = moves.length > 0 ? 0 : await this.#goAhead(order.ahead)
      return {
        className: type.name,
        methods: methods.map(describeMethod),
        moves,
        done,
        readsCalls: scopes.areRead,
        stores: registeredStores(),
      }
    })
  }

  carryOut(move: Move, last?: readonly Move[]): Promise<Outcome<MoveEnd>> {
    return outcomeOf(async () => {
      const hosted = this.#opened()
      const { placement, background } = hosted
      if (last !== undefined) await this.heedStop(true)
      if (last !== undefined && (await this.#endAtOnce([move, ...last]))) return 'closed'
      hosted.move = move
      hosted.isToldToStop = background.stopping.aborted
      placement.state = move.via
      try {
        await this.#runHook(move)
      } catch (thrown) {
        if (hosted.isToldToStop && thrown instanceof Error && thrown.name === 'AbortError') return 'gaveUp'
        throw thrown
      }
      if (hosted.move !== move) return 'done' // overtaken
      if (leadsDown(move)) return this.#leftAtOnce(move, last)
      placement.state = move.to
      if (move.to === 'RUNNING') this.#enter()
      return 'done'
    })
  }

  async leave(move: Move, graceMs: number): Promise<Ending> {
    const { background, placement, children } = this.#opened()
    const below = (await children?.left(move.to === 'STOPPED' || background.stopping.aborted)) ?? []
    const { errors, unfinished } = await background.leave(graceMs)
    const released = move.to === 'STOPPED' ? await background.disposables.dispose() : []
    if (placement.state === move.via) placement.state = move.to
    return endingOf({ errors: [...below, ...errors, ...released], unfinished })
  }

  /** When it has failed, no call begins any more: the owner, once told, makes those again that had not begun by then. */
  bodyEnd(): Promise<Outcome<BodyEnd>> {
    const { background, ports } = this.#opened()
    return outcomeOf(async () => {
      try {
        return await background.ended
      } catch (thrown) {
        ports.hold()
        throw thrown
      }
    })
  }

  async hold(): Promise<void> {
    this.#hosted?.ports.hold()
  }

  async cleanup(error: ThrownData, graceMs: number): Promise<Ending> {
    const { service, background, placement, ports, stopping, children } = this.#opened()
    placement.state = 'FAILED'
    ports.hold()
    stopping.abort()
    background.heedStop(true)
    const below = (await children?.stopped()) ?? []
    const { errors, unfinished } = await background.leave(graceMs)
    const own = await errorsOf(() => service.cleanup(decodeThrown(error)))
    const released = await background.disposables.dispose()
    return endingOf({ errors: [...below, ...errors, ...own, ...released], unfinished })
  }

  async heedStop(isStopping: boolean): Promise<void> {
    const hosted = this.#hosted
    if (hosted === undefined) return
    hosted.isToldToStop ||= isStopping
    hosted.background.heedStop(isStopping)
    hosted.children?.heedStop(isStopping)
  }

  async taskStats(): Promise<TaskStats> {
    return this.#opened().background.stats
  }

  async close(): Promise<void> {
    await this.#hosted?.ports.close()
    await printed()
    this.#markClosed()
  }

  /** Posts what is ready, for a thread that is about to die. */
  flush(): void {
    this.#hosted?.ports.flush()
  }

  #opened(): Hosted {
    if (this.#hosted === undefined) throw new Error('no service has been opened in this host')
    return this.#hosted
  }

  /** @returns how many of them it has carried out */
  async #goAhead(ahead: readonly Move[]): Promise<number> {
    const { service, jobs, isReadyOnCall } = this.#opened()
    const hasBody = service.run !== undefined || jobs.length > 0 || isReadyOnCall
    let done = 0
    for (const move of ahead) {
      if (this.#hasSayIn(move) || (move.to === 'RUNNING' && hasBody)) break
      requireOk(await this.carryOut(move))
      done++
    }
    return done
  }

  /** Most services have nothing to end but their calls. */
  async #leftAtOnce(move: Move, last: readonly Move[] | undefined): Promise<MoveEnd> {
    const { background, children } = this.#opened()
    const hasReleased = move.to !== 'STOPPED' || background.disposables.isEmpty
    if (children !== undefined || !background.isIdle || !hasReleased) return 'done'
    await this.leave(move, 0)
    if (last?.length !== 0 || this.#mayWait()) return 'left'
    await this.close()
    return 'closed'
  }

  /** All the way down, past the steps in which nothing would be done: in a thread that ends, each would be compiled for that. */
  async #endAtOnce(moves: readonly Move[]): Promise<boolean> {
    const { placement, stopping, background } = this.#opened()
    if (moves.some((move) => this.#hasSayIn(move)) || this.#hasToEnd()) return false
    stopping.abort()
    if (this.#hasToEnd()) return false // by what heard of it
    background.close()
    placement.state = 'STOPPED'
    await this.close()
    return true
  }

  #hasToEnd(): boolean {
    const { background, children } = this.#opened()
    return children !== undefined || !background.isIdle || !background.disposables.isEmpty || this.#mayWait()
  }

  /** To close takes as long as others let it. */
  #mayWait(): boolean {
    return this.#opened().ports.areStreaming || printing().length > 0
  }

  #hasSayIn({ hook }: Move): boolean {
    const { service, base } = this.#opened()
    const idle: unknown = Reflect.get(base, hook)
    return typeof idle !== 'function' || Reflect.get(service, hook) !== idle
  }

  #children(): ServiceChildren {
    const hosted = this.#opened()
    const { placement, background, path } = hosted
    hosted.children ??= this.#home.childrenOf({
      name: placement.name,
      path,
      get state() {
        return placement.state
      },
      watch: (name, end) => background.watch(name, end),
    })
    return hosted.children
  }

  async #runHook(move: Move): Promise<void> {
    const hosted = this.#opened()
    const { service, background, ports, stopping, maxTasks } = hosted
    const { hook, from, to } = move
    if (from === 'RUNNING') ports.hold()
    if (to === 'STOPPED') stopping.abort()
    if (to === 'RUNNING') {
      hosted.ready = Promise.withResolvers()
      background.begin({ maxTasks, report: (subject, thrown) => this.#report(subject, thrown) })
    }
    const below = from === 'PAUSED' && to === 'STOPPED' ? await hosted.children?.stopped() : undefined
    const own = await errorsOf(() => (service as unknown as Record<string, () => unknown>)[hook]!())
    throwAll([...(below ?? []), ...own], 'several steps of the stop failed')
    if (hosted.move !== move) return
    if (to === 'PAUSED' && from === 'STOPPED') await hosted.children?.prepared()
    if (to !== 'RUNNING') return
    await hosted.children?.started()
    if (!hosted.isReadyOnCall || hosted.move !== move) return
    this.#beginBody()
    await untilReady(hosted.ready.promise, background.ended, background.stopping)
  }

  #enter(): void {
    const { ports, isReadyOnCall } = this.#opened()
    ports.release()
    if (!isReadyOnCall) this.#beginBody()
  }

  #beginBody(): void {
    const { service, background, jobs } = this.#opened()
    const body = service.run === undefined ? undefined : (signal: AbortSignal) => service.run?.(signal)
    background.enter(body, service, jobs)
  }

  #report(subject: string, thrown: unknown): void {
    const name = `service "${this.#hosted?.placement.name}"`
    const text = thrown === undefined ? '' : `: ${messageOf(thrown)}`
    const detail = thrown instanceof Error && typeof thrown.stack === 'string' ? { detail: thrown.stack } : {}
    process.emitWarning(`${subject} of ${name}${text}`, { code: 'TROUPE_BACKGROUND', ...detail })
  }
}

/** A thread's output goes to its owner in pieces that the owner asks for; what is left when it is ended is lost. */
async function printed(): Promise<void> {
  await Promise.all(printing().map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))))
}

const printing = () => [process.stdout, process.stderr].filter(({ writableLength }) => writableLength > 0)

const endingOf = ({ errors, unfinished }: CancelledGraph): Ending => ({
  thrown: errors.map(encodeFailure),
  unfinished,
})

/** @throws what the outcome tells of */
export function requireOk(outcome: Outcome<unknown>): void {
  if (!outcome.ok) throw decodeThrown(outcome.thrown)
}

async function outcomeOf<T>(act: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await act() }
  } catch (thrown) {
    return { ok: false, thrown: encodeFailure(thrown) }
  }
}

/** The message that a dying thread sends beside the control plane, which ignores what it did not ask for. */
export interface CrashNotice {
  readonly crashed: ThrownData
}

export const crashNotice = (error: unknown): CrashNotice => ({ crashed: encodeThrown(error) })
