/**
 * A context in a thread: the control plane to its host, and the one place that knows how the thread ended.
 *
 * Comlink leaves a call pending for ever when the thread behind it is gone, so every request to the host goes through
 * `ask`, which the thread's death rejects.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import { type CrashNotice, controlEndpoint, decodeThrown, type HostApi } from '@troupe/worker-host/owner'
import * as Comlink from 'comlink'
import type { ThreadSupply } from './thread-supply.ts'

/** What is known of a thread's end. */
export interface Death {
  /** What it died of, where that is known. */
  readonly cause?: unknown
  /** Absent for a thread that was killed: it need not have ended yet. */
  readonly exitCode?: number | undefined
}

/** Rejects a request to a host whose thread is gone. */
export class ThreadDiedError extends Error {
  readonly death: Death
  constructor(death: Death) {
    super('the thread died', { cause: death.cause })
    this.death = death
  }
}

export class ThreadContext {
  readonly host: HostApi
  /** Resolves when the thread is gone; for a killed one at once, since in a system call it can linger. */
  readonly died: Promise<Death>
  readonly #control: MessagePort
  readonly #thread: Worker
  #notice: CrashNotice | undefined
  #markDead!: (death: Death) => void

  /**
   * @param killed ends the thread, now or at any later time
   * @throws {ThreadDiedError} when the thread died before its host was ready
   */
  static async open(supply: ThreadSupply, killed: AbortSignal): Promise<ThreadContext> {
    const { port1, port2 } = new MessageChannel()
    const occupied = supply.occupy(port2, killed)
    // Comlink's `Remote` splits unions of results; every method of HostApi is asynchronous, so it stays true as it is.
    const host = Comlink.wrap(controlEndpoint(port1)) as unknown as HostApi
    try {
      const ready = await supply.booted(Promise.race([host.threadId(), occupied]))
      const thread = supply.threadById(ready as number)
      if (thread === undefined) throw new Error('the thread ended before its host was ready')
      supply.warm()
      return new ThreadContext(port1, host, thread, occupied, killed)
    } catch (error) {
      port1.close()
      throw new ThreadDiedError({ cause: killed.aborted ? killed.reason : error })
    }
  }

  private constructor(
    control: MessagePort,
    host: HostApi,
    thread: Worker,
    occupied: Promise<void>,
    killed: AbortSignal,
  ) {
    this.host = host
    this.#control = control
    this.#thread = thread
    this.died = new Promise((resolve) => {
      this.#markDead = resolve
    })
    control.on('message', this.#watch)
    // 'exit' comes last, after the error that ended the thread, and it alone has the exit code.
    thread.once('exit', (exitCode) => void this.#bury(exitCode, occupied))
    occupied.catch(() => {}) // told by `died`
    killed.addEventListener('abort', () => this.#markDead({ cause: killed.reason }), { once: true })
  }

  /** @throws {ThreadDiedError} when the thread is gone before it has answered */
  async ask<T>(request: Promise<T>): Promise<T> {
    const answer = await Promise.race([request, this.died.then((death) => new ThreadDiedError(death))])
    if (answer instanceof ThreadDiedError) throw answer
    return answer
  }

  /** Ends a thread whose service has stopped. */
  async retire(): Promise<void> {
    await this.ask(this.host.close()).catch(() => {}) // it is gone already: what retiring is for
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
    this.#markDead({ cause, exitCode })
  }
}

/** `process.exit` has no cause but its code, for which Piscina has an error of its own. */
function causeOf(taskError: unknown): unknown {
  const isPlainExit = taskError instanceof Error && taskError.message.startsWith('worker exited with code')
  return isPlainExit ? undefined : taskError
}

function isCrashNotice(message: unknown): message is CrashNotice {
  return typeof message === 'object' && message !== null && 'crashed' in message
}
