/**
 * A context in a thread, as its owner has it: the hosts of the services in it, and the one place that knows how the
 * thread ended.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import {
  type ContextApi,
  type ContextNotice,
  controlEndpoint,
  decodeThrown,
  type HomeOrder,
} from '@troupe/worker-host/owner'
import * as Comlink from 'comlink'
import { type Death, HostLink, ThreadDiedError } from './host-link.ts'
import type { ThreadSupply } from './thread-supply.ts'

export interface ThreadContextOptions {
  readonly supply: ThreadSupply
  readonly home: HomeOrder
  /** Ends the thread, now or at any later time. */
  readonly killed: AbortSignal
  /** The context has calls for others: they come by that port. */
  readonly onUplink: (port: MessagePort, context: ThreadContext) => void
}

/** For the first calls and their replies: Node takes about a millisecond of the owner's thread to start another. */
const SPARE_DELAY_MS = 10

export class ThreadContext {
  /** Resolves when the thread is gone; for a killed one at once, since in a system call it can linger. */
  readonly died: Promise<Death>
  readonly #api: ContextApi
  readonly #control: MessagePort
  readonly #thread: Worker
  readonly #supply: ThreadSupply
  readonly #links = new Set<HostLink>()
  readonly #onUplink: ThreadContextOptions['onUplink']
  #notice: Extract<ContextNotice, { readonly crashed: unknown }> | undefined
  /** Contexts may live below it. */
  #hasPool = false
  #death: Death | undefined
  #markDead!: (death: Death) => void

  /** @throws {ThreadDiedError} when the thread died before it was ready */
  static async open(options: ThreadContextOptions): Promise<ThreadContext> {
    const { supply, home, killed } = options
    const { port1, port2 } = new MessageChannel()
    const occupied = supply.occupy({ control: port2, home }, killed)
    const api = Comlink.wrap(controlEndpoint(port1)) as unknown as ContextApi
    try {
      const ready = await supply.booted(Promise.race([api.threadId(), occupied]))
      const thread = supply.threadById(ready as number)
      if (thread === undefined) throw new Error('the thread ended before its host was ready')
      return new ThreadContext({ ...options, api, control: port1, thread, occupied })
    } catch (error) {
      port1.close()
      throw new ThreadDiedError({ cause: killed.aborted ? killed.reason : error })
    }
  }

  private constructor({ supply, api, control, thread, occupied, killed, onUplink }: ThreadParts) {
    this.#supply = supply
    this.#api = api
    this.#control = control
    this.#thread = thread
    this.#onUplink = onUplink
    this.died = new Promise((resolve) => {
      this.#markDead = resolve
    })
    control.on('message', this.#watch)
    // 'exit' comes last, after the error that ended the thread, and it alone has the exit code.
    thread.once('exit', (exitCode) => void this.#bury(exitCode, occupied))
    occupied.catch(() => {}) // told by `bury`
    killed.addEventListener('abort', () => this.#die({ cause: killed.reason }), { once: true })
  }

  /** The control plane to a new host, for one service. */
  addHost(): HostLink {
    const { port1, port2 } = new MessageChannel()
    const link = new HostLink(port1)
    if (this.#death) link.end(this.#death)
    else {
      this.#links.add(link)
      void link.ended.then(() => this.#links.delete(link))
      // What is asked of the host meanwhile waits in its port.
      void this.#api.addHost(Comlink.transfer(port2, [port2]))
    }
    return link
  }

  /**
   * A service in it is RUNNING: now the supply can get the next thread ready, which as it starts takes the processor from
   * whatever comes up.
   */
  settled(): void {
    setTimeout(() => this.#supply.warm(), SPARE_DELAY_MS).unref()
  }

  /** The way down: a port whose other end the context's pool listens to. */
  openPool(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    this.#hasPool = true
    if (this.#death) port1.close()
    else void this.#api.openPool(Comlink.transfer(port2, [port2]))
    return port1
  }

  /** Ends the thread, whose services have stopped; first what lives below it. */
  async retire(): Promise<void> {
    if (this.#hasPool) await Promise.race([this.#api.closePool(), this.died])
    this.#control.close()
    await this.#thread.terminate()
  }

  readonly #watch = (message: unknown): void => {
    if (!isNotice(message)) return
    if ('crashed' in message) this.#notice = message
    else {
      this.#hasPool = true
      this.#onUplink(message.uplink, this)
    }
  }

  async #bury(exitCode: number, occupied: Promise<void>): Promise<void> {
    const taskError: unknown = await occupied.catch((error: unknown) => error)
    for (let rest = receiveMessageOnPort(this.#control); rest; rest = receiveMessageOnPort(this.#control)) {
      this.#watch(rest.message)
    }
    this.#control.close()
    const cause = this.#notice ? decodeThrown(this.#notice.crashed) : causeOf(taskError)
    this.#die({ cause, exitCode })
  }

  #die(death: Death): void {
    this.#death ??= death
    this.#markDead(this.#death)
    for (const link of this.#links) link.end(this.#death)
  }
}

interface ThreadParts extends ThreadContextOptions {
  readonly api: ContextApi
  readonly control: MessagePort
  readonly thread: Worker
  readonly occupied: Promise<void>
}

/** `process.exit` has no cause but its code, for which Piscina has an error of its own. */
function causeOf(taskError: unknown): unknown {
  const isPlainExit = taskError instanceof Error && taskError.message.startsWith('worker exited with code')
  return isPlainExit ? undefined : taskError
}

/** Comlink's answers have neither. */
function isNotice(message: unknown): message is ContextNotice {
  return typeof message === 'object' && message !== null && ('crashed' in message || 'uplink' in message)
}
