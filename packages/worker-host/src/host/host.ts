/**
 * What runs in a thread: loads a service, walks it through its transitions, and lets calls in while it is RUNNING.
 * The owner holds `Comlink.wrap<HostApi>` of it and decides every move; the host only carries moves out.
 *
 * Nothing here throws to the owner: Comlink would drop an error's code, class and cause, so each answer is an `Outcome`.
 */
import { type MessagePort, threadId } from 'node:worker_threads'
import { describeMethod, type MethodDescription, methodTable } from '../access/method-table.ts'
import type { ContextId } from '../access/policy.ts'
import { decodeThrown, encodeThrown, type ThrownData } from '../errors/error-data.ts'
import { CallScopes } from '../service/call-scope.ts'
import { PLACEMENT, type Placement, type ServiceState } from '../service/service.ts'
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
  readonly begun: Int32Array
  readonly port: MessagePort
}

export interface ServiceDescription {
  readonly className: string
  readonly methods: readonly MethodDescription[]
}

/** How `run` ended: by itself, or because the service left RUNNING. */
export type BodyEnd = 'completed' | 'aborted' | 'absent'

/** The control plane. */
export interface HostApi {
  threadId(): Promise<number>
  open(order: ServiceOrder): Promise<Outcome<ServiceDescription>>
  carryOut(hook: Hook, via: ServiceState, to: ServiceState): Promise<Outcome<undefined>>
  /** Settles when the body that the last `start` began has ended. */
  bodyEnd(): Promise<Outcome<BodyEnd>>
  cleanup(error: ThrownData): Promise<Outcome<undefined>>
  close(): Promise<void>
}

/** The protected hooks, which only the host may call. */
type Hooks = { [name in Hook]: () => unknown } & {
  cleanup(error: unknown): unknown
  readonly run?: ((signal: AbortSignal) => unknown) | undefined
}

interface Hosted {
  readonly service: Hooks
  readonly placement: Placement
  readonly dispatcher: Dispatcher
  readonly stopping: AbortController
}

export class Host implements HostApi {
  /** Resolves when the owner has closed this host. */
  readonly closed: Promise<void>
  #markClosed!: () => void
  #hosted: Hosted | undefined
  #body: { readonly ended: Promise<Outcome<BodyEnd>>; readonly leaving: AbortController } | undefined

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve
    })
  }

  async threadId(): Promise<number> {
    return threadId
  }

  open(order: ServiceOrder): Promise<Outcome<ServiceDescription>> {
    return outcomeOf(async () => {
      const type = await loadService(order.moduleUrl, order.exportName)
      const methods = methodTable(type, baseOf(type))
      const stopping = new AbortController()
      const { name, context, generation } = order
      const scopes = new CallScopes(type, baseOf(type))
      const placement: Placement = {
        name,
        context,
        generation,
        signal: stopping.signal,
        currentCall: () => scopes.current,
        state: 'PREPARING',
      }
      const service = new type(order.options)
      service[PLACEMENT] = placement
      const dispatcher = new Dispatcher({ ...order, service: name, target: service, methods, scopes })
      this.#hosted = { service: service as unknown as Hooks, placement, dispatcher, stopping }
      return { className: type.name, methods: methods.map(describeMethod) }
    })
  }

  carryOut(hook: Hook, via: ServiceState, to: ServiceState): Promise<Outcome<undefined>> {
    return outcomeOf(async () => {
      const { service, placement, dispatcher, stopping } = this.#opened()
      placement.state = via
      if (hook === 'pause') {
        dispatcher.hold()
        await this.#leaveBody()
      }
      if (hook === 'stop') stopping.abort()
      await service[hook]()
      placement.state = to
      if (hook === 'start') {
        dispatcher.release()
        this.#enterBody(service)
      }
      return undefined
    })
  }

  async bodyEnd(): Promise<Outcome<BodyEnd>> {
    return this.#body?.ended ?? { ok: true, value: 'absent' }
  }

  cleanup(error: ThrownData): Promise<Outcome<undefined>> {
    return outcomeOf(async () => {
      const { service, placement, dispatcher, stopping } = this.#opened()
      placement.state = 'FAILED'
      dispatcher.hold()
      stopping.abort()
      this.#body?.leaving.abort()
      await service.cleanup(decodeThrown(error))
      return undefined
    })
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

  #enterBody(service: Hooks): void {
    if (service.run === undefined) return
    const leaving = new AbortController()
    const ended = outcomeOf<BodyEnd>(async () => {
      await service.run?.(leaving.signal)
      return leaving.signal.aborted ? 'aborted' : 'completed'
    })
    this.#body = { ended, leaving }
  }

  /** A body that throws because it was told to leave has not failed. */
  async #leaveBody(): Promise<void> {
    const body = this.#body
    this.#body = undefined
    body?.leaving.abort()
    await body?.ended
  }
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
