/**
 * A context in a thread, as its owner has it: the hosts of the services in it, and the one place that knows how the
 * thread ended.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import { type ContextApi, type CrashNotice, controlEndpoint, decodeThrown } from '@troupe/worker-host/owner'
import * as Comlink from 'comlink'
import { type Death, HostLink, ThreadDiedError } from './host-link.ts'
import type { ThreadSupply } from './thread-supply.ts'

export class ThreadContext {
  /** Resolves when the thread is gone; for a killed one at once, since in a system call it can linger. */
  readonly died: Promise<Death>
  readonly #api: ContextApi
  readonly #control: MessagePort
  readonly #thread: Worker
  readonly #links = new Set<HostLink>()
  #notice: CrashNotice | undefined
  #death: Death | undefined
  #markDead!: (death: Death) => void

  /**
   * @param killed ends the thread, now or at any later time
   * @throws {ThreadDiedError} when the thread died before it was ready
   */
  static async open(supply: ThreadSupply, killed: AbortSignal): Promise<ThreadContext> {
    const { port1, port2 } = new MessageChannel()
    const occupied = supply.occupy(port2, killed)
    const api = Comlink.wrap(controlEndpoint(port1)) as unknown as ContextApi
    try {
      const ready = await supply.booted(Promise.race([api.threadId(), occupied]))
      const thread = supply.threadById(ready as number)
      if (thread === undefined) throw new Error('the thread ended before its host was ready')
      supply.warm()
      return new ThreadContext({ api, control: port1, thread, occupied, killed })
    } catch (error) {
      port1.close()
      throw new ThreadDiedError({ cause: killed.aborted ? killed.reason : error })
    }
  }

  private constructor({ api, control, thread, occupied, killed }: ThreadParts) {
    this.#api = api
    this.#control = control
    this.#thread = thread
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

  /** Ends the thread, whose services have stopped. */
  async retire(): Promise<void> {
    this.#control.close()
    await this.#thread.terminate()
  }

  readonly #watch = (message: unknown): void => {
    if (isCrashNotice(message)) this.#notice = message
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

interface ThreadParts {
  readonly api: ContextApi
  readonly control: MessagePort
  readonly thread: Worker
  readonly occupied: Promise<void>
  readonly killed: AbortSignal
}

/** `process.exit` has no cause but its code, for which Piscina has an error of its own. */
function causeOf(taskError: unknown): unknown {
  const isPlainExit = taskError instanceof Error && taskError.message.startsWith('worker exited with code')
  return isPlainExit ? undefined : taskError
}

function isCrashNotice(message: unknown): message is CrashNotice {
  return typeof message === 'object' && message !== null && 'crashed' in message
}
