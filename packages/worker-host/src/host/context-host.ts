/**
 * What a context runs: the hosts of its services, and its pool, once there are contexts below it or its services call
 * others. The owner holds `Comlink.wrap<ContextApi>` of it.
 *
 * The hosts are reached through their context, `api.hosts[3].open(order)`, since a channel for each would be one more
 * place at which the owner's event loop has to look whenever it is woken.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type MessagePort, threadId } from 'node:worker_threads'
import * as Comlink from 'comlink'
import type { ContextId } from '../access/context-id.ts'
import type { Refusal } from '../access/refusal.ts'
import { type ContextPool, HomeContext } from '../service/service-context.ts'
import { type Carrier, memoryCarrier } from '../wire/carrier.ts'
import { type Channel, type ChannelEnd, transferOf } from '../wire/channel.ts'
import { controlEndpoint } from '../wire/control-endpoint.ts'
import { type CrashNotice, crashNotice, Host, type HostApi } from './host.ts'

/** The control plane of a context, and of each service in it. */
export interface ContextApi {
  /** By the numbers that the owner gives them; each is there from the first time that it is asked for anything. */
  readonly hosts: Readonly<Record<number, HostApi>>
  threadId(): Promise<number>
  /** Forgets a host of which nothing more is asked. */
  removeHost(number: number): Promise<void>
  /** Makes the context's pool, if it has none yet, and has it take calls from above. */
  openPool(port: ChannelEnd): Promise<void>
  /** Closes the context's pool: all that lives below it. */
  closePool(): Promise<void>
}

/** What its owner tells a context about itself. */
export interface HomeOrder {
  readonly id: ContextId
  /** The module that makes pools in contexts. */
  readonly runtimeUrl: string
  /** As `PoolOptions.timeoutMs`. */
  readonly timeoutMs: number | null
  /** As `PoolOptions.modules`, as URLs. */
  readonly modules: readonly string[] | undefined
  /** As `PoolOptions.threads`. */
  readonly threads: { readonly min?: number; readonly max?: number; readonly idleMs?: number } | undefined
}

/** What a context's pool is made from. */
export interface Home extends HomeOrder {
  /** The way up. */
  readonly parent: Channel
  /** Makes a host in this very thread, which answers on that port. */
  readonly addHost: (control: MessagePort) => void
  /** Ends this very thread: the only way to stop what will not listen. */
  readonly crash: (reason: unknown) => void
  /** Tells the owner what was refused here, or below. */
  readonly tellRefused: (refusal: Refusal) => void
}

export interface NestedPool extends ContextPool {
  /** Takes the calls that come from the parent. */
  serveParent(port: Channel): void
  close(): Promise<void>
}

/** What the runtime's module for contexts exports. */
interface NestedRuntime {
  openNestedPool(home: Home): NestedPool
}

/** The messages that a context sends beside the control plane, which ignores what it did not ask for. */
export type ContextNotice = CrashNotice | { readonly uplink: ChannelEnd } | { readonly refused: Refusal }

export class ContextHost implements ContextApi {
  // A host is made as it is first asked for anything, which spares its owner a message before that.
  readonly hosts: Record<number, Host> = new Proxy<Record<number, Host>>(
    {},
    { get: (made, number) => (made[Number(number)] ??= new Host(this.#home, this.#carrier)) },
  )
  readonly #order: HomeOrder
  readonly #notify: (notice: ContextNotice, transfer: MessagePort[]) => void
  readonly #carrier: Carrier
  readonly #home: HomeContext
  /** Of services that share the thread with one that has brought them up. */
  readonly #nestedHosts = new Set<Host>()
  #pool: NestedPool | undefined

  /** @param carrier between it and its owner */
  constructor(order: HomeOrder, carrier: Carrier, notify: (notice: ContextNotice, transfer: MessagePort[]) => void) {
    this.#order = order
    this.#carrier = carrier
    this.#notify = notify
    this.#home = new HomeContext(order.id, () => this.#nested())
  }

  async threadId(): Promise<number> {
    return threadId
  }

  async removeHost(number: number): Promise<void> {
    delete this.hosts[number]
  }

  #addNestedHost(control: MessagePort): void {
    const host = new Host(this.#home, memoryCarrier)
    this.#nestedHosts.add(host)
    Comlink.expose(host, controlEndpoint(control))
    void host.closed.then(() => {
      this.#nestedHosts.delete(host)
      // Not at once: the answer to the request that closed it is still to be posted.
      setImmediate(() => control.close())
    })
  }

  async openPool(port: ChannelEnd): Promise<void> {
    this.#nested().serveParent(this.#carrier.accept(port))
  }

  async closePool(): Promise<void> {
    await this.#pool?.close()
  }

  /** Ends this thread; the owner is told why, with the error's code, fields and class, which Node would lose. */
  crash(error: unknown): never {
    this.#notify(crashNotice(error), [])
    process.exit(1)
  }

  /** Posts what is ready, for a context that is about to die. */
  flush(): void {
    for (const host of [...Object.values(this.hosts), ...this.#nestedHosts]) host.flush()
  }

  #nested(): NestedPool {
    if (this.#pool) return this.#pool
    // Not an `import()`: a proxy can then be had at once, in a constructor or a field.
    const load = createRequire(import.meta.url)
    const { openNestedPool } = load(fileURLToPath(this.#order.runtimeUrl)) as NestedRuntime
    const { near, far } = this.#carrier.open()
    this.#notify({ uplink: far }, transferOf(far))
    this.#pool = openNestedPool({
      ...this.#order,
      parent: near,
      addHost: (control) => this.#addNestedHost(control),
      crash: (reason) => this.crash(reason),
      tellRefused: (refused) => this.#notify({ refused }, []),
    })
    return this.#pool
  }
}
