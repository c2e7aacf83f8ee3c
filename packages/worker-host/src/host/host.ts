/**
 * What runs in a thread: loads a service, walks it through its transitions, and lets calls in while it is RUNNING.
 * The owner holds `Comlink.wrap<HostApi>` of it and decides every move; the host only carries moves out.
 *
 * Nothing here throws to the owner: Comlink would drop an error's code, class and cause, so each answer is an `Outcome`.
 */
import { describeMethod, type MethodDescription, methodTable } from '../access/method-table.ts'
import type { ContextId } from '../access/policy.ts'
import { messageOf } from '../errors/catalogue.ts'
import { decodeThrown, encodeThrown, type ThrownData } from '../errors/error-data.ts'
import { throwAll } from '../errors/throw-all.ts'
import { CallScopes } from '../service/call-scope.ts'
import { BACKGROUND, PLACEMENT, type Placement, type ServiceState } from '../service/service.ts'
import type { HomeContext } from '../service/service-context.ts'
import { type Background, type ReadyJob, readyJobs, type TaskStats } from '../tasks/background.ts'
import { jobsOf } from '../tasks/declarations.ts'
import type { CancelledGraph } from '../tasks/task-graph.ts'
import type { Carrier, CountPlace } from '../wire/carrier.ts'
import type { ChannelEnd } from '../wire/channel.ts'
import { Dispatcher } from './dispatcher.ts'
import { encodeFailure } from './failure.ts'
import { baseOf, loadService } from './load-service.ts'

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly thrown: ThrownData }

export type Hook = 'prepare' | 'start' | 'pause' | 'stop'

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
  /** Where it counts the calls that have begun; undefined where there is no place for that. */
  readonly begun: CountPlace | undefined
  readonly port: ChannelEnd
}

export interface ServiceDescription {
  readonly className: string
  readonly methods: readonly MethodDescription[]
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
  carryOut(hook: Hook, via: ServiceState, to: ServiceState): Promise<Outcome<undefined>>
  /** After the `pause` hook: ends the tasks, leaves first, and the body last, within the grace. */
  leave(graceMs: number): Promise<Ending>
  /** Settles when the body and the tasks of this stay in RUNNING have ended; at once with an error that fails the service. */
  bodyEnd(): Promise<Outcome<BodyEnd>>
  /** Ends the tasks, within the grace, runs the `cleanup` hook and releases what was deferred. */
  cleanup(error: ThrownData, graceMs: number): Promise<Ending>
  /** A stop is asked for, or called off. */
  heedStop(isStopping: boolean): Promise<void>
  taskStats(): Promise<TaskStats>
  close(): Promise<void>
}

/** The protected hooks, which only the host may call. */
type Hooks = { [name in Hook]: () => unknown } & {
  cleanup(error: unknown): unknown
  readonly run?: ((signal: AbortSignal) => unknown) | undefined
}

interface Hosted {
  readonly service: Hooks
  readonly background: Background
  readonly jobs: readonly ReadyJob[]
  readonly maxTasks: number
  readonly placement: Placement
  readonly dispatcher: Dispatcher
  readonly stopping: AbortController
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
      const jobs = await readyJobs(jobsOf(type, base))
      const stopping = new AbortController()
      const scopes = new CallScopes(type, baseOf(type))
      const { name, generation, maxTasks } = order
      const placement: Placement = {
        name,
        context: this.#home,
        generation,
        signal: stopping.signal,
        currentCall: () => scopes.current,
        state: 'PREPARING',
      }
      const service = new type(order.options)
      service[PLACEMENT] = placement
      const port = this.#carrier.accept(order.port)
      const begun = order.begun === undefined ? { value: 0 } : this.#carrier.countAt(order.begun)
      const dispatcher = new Dispatcher({ ...order, service: name, target: service, methods, scopes, port, begun })
      const background = service[BACKGROUND]
      const hooks = service as unknown as Hooks
      this.#hosted = { service: hooks, background, jobs, maxTasks, placement, dispatcher, stopping }
      return { className: type.name, methods: methods.map(describeMethod) }
    })
  }

  carryOut(hook: Hook, via: ServiceState, to: ServiceState): Promise<Outcome<undefined>> {
    return outcomeOf(async () => {
      const { service, placement } = this.#opened()
      placement.state = via
      switch (hook) {
        case 'prepare':
          await service.prepare()
          break
        case 'start':
          await this.#start()
          break
        case 'pause':
          this.#opened().dispatcher.hold()
          await service.pause()
          return undefined // it is there when its tasks have ended, which is asked for next
        case 'stop':
          await this.#stop()
      }
      placement.state = to
      if (hook === 'start') this.#enter()
      return undefined
    })
  }

  async leave(graceMs: number): Promise<Ending> {
    const { background, placement } = this.#opened()
    const cancelled = await background.leave(graceMs)
    if (placement.state === 'PAUSING') placement.state = 'PAUSED'
    return endingOf(cancelled)
  }

  bodyEnd(): Promise<Outcome<BodyEnd>> {
    return outcomeOf(() => this.#opened().background.ended)
  }

  async cleanup(error: ThrownData, graceMs: number): Promise<Ending> {
    const { service, background, placement, dispatcher, stopping } = this.#opened()
    placement.state = 'FAILED'
    dispatcher.hold()
    stopping.abort()
    background.heedStop(true)
    const { errors, unfinished } = await background.leave(graceMs)
    const own = await errorsOf(() => service.cleanup(decodeThrown(error)))
    const released = await background.disposables.dispose()
    return endingOf({ errors: [...errors, ...own, ...released], unfinished })
  }

  async heedStop(isStopping: boolean): Promise<void> {
    this.#hosted?.background.heedStop(isStopping)
  }

  async taskStats(): Promise<TaskStats> {
    return this.#opened().background.stats
  }

  async close(): Promise<void> {
    await this.#hosted?.dispatcher.close()
    this.#markClosed()
  }

  /** Posts what is ready, for a thread that is about to die. */
  flush(): void {
    this.#hosted?.dispatcher.flush()
  }

  #opened(): Hosted {
    if (this.#hosted === undefined) throw new Error('no service has been opened in this host')
    return this.#hosted
  }

  async #start(): Promise<void> {
    const { service, background, maxTasks } = this.#opened()
    background.begin({ maxTasks, report: (subject, thrown) => this.#report(subject, thrown) })
    await service.start()
  }

  #enter(): void {
    const { service, background, jobs, dispatcher } = this.#opened()
    dispatcher.release()
    const body = service.run === undefined ? undefined : (signal: AbortSignal) => service.run?.(signal)
    background.enter(body, service, jobs)
  }

  async #stop(): Promise<void> {
    const { service, background, stopping } = this.#opened()
    stopping.abort()
    const errors = await errorsOf(() => service.stop())
    throwAll([...errors, ...(await background.disposables.dispose())], 'several steps of the stop failed')
  }

  #report(subject: string, thrown: unknown): void {
    const name = `service "${this.#hosted?.placement.name}"`
    const text = thrown === undefined ? '' : `: ${messageOf(thrown)}`
    const detail = thrown instanceof Error && typeof thrown.stack === 'string' ? { detail: thrown.stack } : {}
    process.emitWarning(`${subject} of ${name}${text}`, { code: 'TROUPE_BACKGROUND', ...detail })
  }
}

async function errorsOf(act: () => unknown): Promise<readonly unknown[]> {
  try {
    await act()
    return []
  } catch (error) {
    return [error]
  }
}

const endingOf = ({ errors, unfinished }: CancelledGraph): Ending => ({
  thrown: errors.map(encodeFailure),
  unfinished,
})

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
