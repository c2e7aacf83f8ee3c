/**
 * Where threads come from: the only file that touches Piscina.
 *
 * A context occupies a thread with one long-running task. Piscina starts the threads, keeps the idle ones without
 * keeping the process alive, and tells of every way in which a thread can end. A thread that has hosted a service is
 * never given to another, so no state leaks over: `fresh` is the balancer that sees to it, and a thread whose task has
 * ended is ended too. A spare is a thread that is started, with the host loaded, before anybody asks for it.
 *
 * Piscina's `atomics` are off: its wait on shared memory would stop the timers and sockets of a thread between tasks.
 */
import { fileURLToPath } from 'node:url'
import type { ResourceLimits, Worker } from 'node:worker_threads'
import type { HostTask } from '@troupe/worker-host/owner'
import { Piscina } from 'piscina'
import type { ThreadLimits } from './thread-limits.ts'

type TransferList = NonNullable<NonNullable<Parameters<Piscina['run']>[1]>['transferList']>
type LoadBalancer = NonNullable<NonNullable<ConstructorParameters<typeof Piscina>[0]>['loadBalancer']>

/** How its threads are started. */
export interface ThreadOptions {
  readonly resourceLimits?: ResourceLimits | undefined
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly execArgv?: readonly string[] | undefined
}

export interface ThreadSupplyOptions extends ThreadOptions {
  readonly limits: Required<ThreadLimits>
}

export interface Occupation {
  /** Settles when the host ends, and rejects with what the thread died of. */
  readonly ended: Promise<void>
  /** The thread, where one was ready; undefined for one that is yet to be started. */
  readonly spare: Worker | undefined
}

/** A terminate that takes longer has met a thread inside a synchronous system call: Node can't end it before that. */
const TERMINATE_MS = 5_000

export class ThreadSupply {
  readonly #piscina: Piscina
  readonly #occupied = new Set<number>()
  /** Those that were got ready before anybody asked for them. */
  readonly #warmed = new Set<number>()
  /** Tells the contexts that wait for a thread. */
  readonly #booting = new Set<(error: unknown) => void>()
  /** The threads that have not ended. */
  readonly #exits = new Map<Worker, Promise<void>>()
  readonly #limits: Required<ThreadLimits>
  /** The spare that the last task was given at once. */
  #taken: number | undefined
  #isClosed = false
  #isProdding = false
  #isResting = false

  constructor({ limits, resourceLimits, env, execArgv }: ThreadSupplyOptions) {
    this.#limits = limits
    this.#piscina = new Piscina({
      filename: fileURLToPath(import.meta.resolve('@troupe/worker-host/thread')),
      name: 'host',
      minThreads: 0,
      maxThreads: limits.max,
      idleTimeout: limits.idleMs, // of threads without a task, and so without a context
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
      recordTiming: false,
      loadBalancer: this.#fresh,
      ...(resourceLimits && { resourceLimits }),
      ...(env && { env: env as Record<string, string> }), // Node leaves out what is undefined
      ...(execArgv && { execArgv: [...execArgv] }),
    })
    this.#piscina.on('error', (error) => this.#onIdleDeath(error))
    // Piscina starts a thread when a task comes and finds none free, but not for one that waits when a thread ends. So
    // an empty task is sent after it; in the next microtask, when the ended thread no longer counts.
    this.#piscina.on('workerDestroy', () => queueMicrotask(() => this.#piscina.queueSize > 0 && this.#prod()))
  }

  /** Threads that are alive: those with a context, and spares. */
  get threads(): readonly Worker[] {
    return this.#piscina.threads
  }

  /** The next host need not wait for a thread to begin. */
  get hasSpare(): boolean {
    if (this.#isProdding) return false
    return this.#piscina.threads.some(({ threadId }) => this.#warmed.has(threadId) && !this.#occupied.has(threadId))
  }

  /** Occupies a thread with a host. The signal ends the thread, or takes the task back when no thread was free yet. */
  occupy(task: HostTask, signal: AbortSignal): Occupation {
    // Piscina's type is the browser's, in which a port of Node is nothing that can be transferred.
    const transferList = [task.control] as unknown as TransferList
    this.#taken = undefined
    const ended = this.#piscina.run(task, { name: 'host', transferList, signal })
    this.#watchExits()
    return { ended, spare: this.threadById(this.#taken) }
  }

  /**
   * The promise of a context that waits for its thread; rejects when a thread dies while it boots, because its limits
   * are too narrow or the installation is broken: Piscina leaves the task in its queue, and starts no other thread.
   */
  async booted<T>(ready: Promise<T>): Promise<T> {
    const { promise: failed, reject } = Promise.withResolvers<never>()
    this.#booting.add(reject)
    try {
      return await Promise.race([ready, failed])
    } finally {
      this.#booting.delete(reject)
    }
  }

  threadById(threadId: number | undefined): Worker | undefined {
    return this.#piscina.threads.find((thread) => thread.threadId === threadId)
  }

  /** Sees to it that idle threads are ready; to be called once a service is RUNNING. */
  warm(): void {
    if (this.#isResting || this.#isProdding) return // while a spare is on its way, another task would start another thread
    const { threads } = this.#piscina
    const spares = threads.filter(({ threadId }) => !this.#occupied.has(threadId)).length
    const missing = Math.min(this.#limits.min - spares, this.#limits.max - threads.length)
    // Those that are there take a task each, so as many more come as there are more tasks.
    if (missing > 0) this.#prod(spares + missing)
  }

  /** No thread is got ready any more: what is about to be closed needs none. */
  rest(): void {
    this.#isResting = true
  }

  /**
   * Ends all threads, and waits for it, also for those that were killed before and have not ended yet.
   * @returns how many had not ended in time
   */
  async close(): Promise<number> {
    this.#isClosed = true
    const late = Promise.withResolvers<void>()
    const timeout = setTimeout(late.resolve, TERMINATE_MS)
    const ended = this.#piscina.destroy().then(() => Promise.all(this.#exits.values()))
    await Promise.race([ended, late.promise])
    clearTimeout(timeout)
    return this.#exits.size
  }

  /** A thread without a task has died: one that boots, or a spare, which harms nobody but is told all the same. */
  #onIdleDeath(error: unknown): void {
    if (this.#booting.size === 0) process.emitWarning(error instanceof Error ? error : String(error))
    for (const reject of this.#booting) reject(error)
  }

  /** Piscina forgets a thread when it kills it, which can be long before it has ended. */
  #watchExits(): void {
    for (const thread of this.#piscina.threads) {
      if (this.#exits.has(thread)) continue
      const { threadId } = thread // of one that has ended it is no more
      const exit = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
      this.#exits.set(thread, exit)
      void exit.then(() => {
        this.#exits.delete(thread)
        this.#occupied.delete(threadId)
        this.#warmed.delete(threadId)
      })
    }
  }

  #prod(tasks = 1): void {
    if (this.#isClosed) return
    this.#isProdding = true
    // One fails only when the supply is closed meanwhile, or when the thread dies, which 'error' tells.
    const warmed = Array.from({ length: tasks }, () => this.#piscina.run(undefined, { name: 'warm' }))
    void Promise.allSettled(warmed).then((results) => {
      this.#isProdding = false
      // A service may have taken one meanwhile. Not after a failure: what can't boot would be started for ever.
      if (results.every(({ status }) => status === 'fulfilled')) this.warm()
    })
    this.#watchExits()
  }

  readonly #fresh: LoadBalancer = (task, threads) => {
    const thread = threads.find(({ id, currentUsage }) => currentUsage === 0 && !this.#occupied.has(id))
    if (thread !== undefined && task.name === 'host') {
      this.#occupied.add(thread.id)
      this.#taken = thread.id
    } else if (thread !== undefined) this.#warmed.add(thread.id)
    return thread ?? null
  }
}
