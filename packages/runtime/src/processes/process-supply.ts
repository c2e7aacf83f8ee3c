/**
 * Where processes come from: the only file that touches Tinypool.
 *
 * A context occupies a process with one long-running task, and has a pool of Tinypool's of its own, since it has an
 * environment and options of its own. Tinypool starts the process, loads the host there, carries messages both ways on
 * the connection, and copies what is printed there to this process's output. How a process ended it doesn't tell, but
 * its worker passes the process's own events on.
 */
import { fileURLToPath } from 'node:url'
import { BegunFile, type HomeOrder, ProcessCarrier, type ProcessTask } from '@troupe/worker-host/owner'
import type { Tinypool, TinypoolWorker } from 'tinypool'
import { contextApi, type Vessel } from '../contexts/context-link.ts'
import { ContextDiedError, type Death } from '../contexts/host-link.ts'

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly execArgv?: readonly string[] | undefined
  readonly home: HomeOrder
  /** Ends the process, now or at any later time. */
  readonly killed: AbortSignal
}

/** For its own `exit` listeners; one that takes longer is killed. */
const END_MS = 5_000

export class ProcessSupply {
  readonly #alive = new Set<Promise<Death>>()

  /** @throws {ContextDiedError} when the process ended before it was ready, or there was none */
  async open({ env = process.env, execArgv, home, killed }: ProcessOptions): Promise<Vessel> {
    const { Tinypool } = await import('tinypool') // most programs have no processes
    if (killed.aborted) throw new ContextDiedError({ cause: killed.reason })
    const begun = BegunFile.create()
    const child = started(() => {
      return new ContextProcess(new Tinypool(optionsOf(env, execArgv)), { home, begunPath: begun?.path })
    }, begun)
    const carrier = new ProcessCarrier({ side: 'owner', send: (frame) => child.send(frame), begun })
    child.receive = (frame) => carrier.receive(frame)
    killed.addEventListener('abort', child.kill, { once: true })
    const gone = child.gone.then((death) => {
      killed.removeEventListener('abort', child.kill)
      this.#alive.delete(gone)
      begun?.close()
      return killed.aborted ? { cause: killed.reason } : death
    })
    this.#alive.add(gone)
    const { control } = carrier
    const death = await Promise.race([carrier.ready, gone])
    if (death) throw new ContextDiedError(death)
    begun?.unlink()
    return { api: contextApi(control), control, carrier, gone, settled: () => {}, end: () => child.end() }
  }

  /** Waits for the processes that are about to end. */
  async close(): Promise<void> {
    await Promise.all(this.#alive)
  }
}

class ContextProcess {
  /** Resolves when it has ended, and all that it had sent has come. */
  readonly gone: Promise<Death>
  receive: (frame: unknown) => void = () => {}
  readonly #worker: TinypoolWorker
  #send: (frame: Uint8Array) => void = () => {}
  /** Nothing more is sent. */
  #isOver = false
  /** Its number may be another's by now. */
  #hasExited = false

  constructor(pool: Tinypool, task: ProcessTask) {
    const channel = {
      onMessage: (send: (frame: Uint8Array) => void) => {
        this.#send = send
      },
      postMessage: (frame: unknown) => this.receive(frame),
    }
    // A message that meets the end of the process is an error of Tinypool's; its exit tells the same, and why.
    pool.on('error', () => {})
    const occupied = pool.run(task, { name: 'host', channel })
    this.#worker = pool.threads[0]!
    this.gone = this.#end(occupied)
  }

  send(frame: Uint8Array): void {
    if (!this.#isOver) this.#send(frame)
  }

  readonly kill = (): void => {
    this.#isOver = true
    if (!this.#hasExited && this.#pid !== undefined) process.kill(this.#pid, 'SIGKILL')
  }

  /** Its control channel is closed, which has told it to end. */
  async end(): Promise<void> {
    const late = setTimeout(this.kill, END_MS)
    await this.gone
    clearTimeout(late)
  }

  /** Undefined for one that could not be started. */
  get #pid(): number | undefined {
    return this.#worker.threadId
  }

  #end(occupied: Promise<unknown>): Promise<Death> {
    // Its last messages can come after its end, up to that of the connection.
    const disconnected = new Promise<void>((resolve) => this.#worker.once('disconnect', resolve))
    const exited = new Promise<Death>((resolve) => {
      this.#worker.once('exit', (code: number | null, signal: NodeJS.Signals | null) => {
        this.#isOver = this.#hasExited = true
        resolve(signal === null ? { exitCode: code ?? undefined } : { signal })
      })
    })
    const ended = Promise.all([exited, disconnected]).then(([death]) => death)
    // Tinypool's error says less than these, but for a process that has neither, since there was none.
    const failed = occupied.then(
      () => ended,
      (cause: unknown) => (this.#pid === undefined ? { cause } : ended),
    )
    return Promise.race([ended, failed])
  }
}

/** Node tells some reasons for which it can't start a process at once, and others by an event. */
function started(start: () => ContextProcess, begun: BegunFile | undefined): ContextProcess {
  try {
    return start()
  } catch (cause) {
    begun?.close()
    throw new ContextDiedError({ cause })
  }
}

const optionsOf = (env: ProcessOptions['env'], execArgv: ProcessOptions['execArgv']) =>
  ({
    runtime: 'child_process',
    serialization: 'advanced',
    minThreads: 0,
    maxThreads: 1,
    filename: fileURLToPath(import.meta.resolve('@troupe/worker-host/process')),
    env: { ...env } as Record<string, string>, // Node leaves out what is undefined
    ...(execArgv && { execArgv: [...execArgv] }),
  }) as const
