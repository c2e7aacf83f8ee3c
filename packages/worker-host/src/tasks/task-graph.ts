/**
 * A service's background work, from STARTING to the end of PAUSING, as a tree:
 *
 *     run ─┬─ fetch ─┬─ parse
 *          │         └─ parse          spawned inside `fetch`
 *          └─ flush                    spawned by the body, a hook or a call
 *
 * The root is the service's body, `run(signal)`. A task that is spawned while another runs is the child of that one.
 *
 * | what happens                            | then                                                                   |
 * |-----------------------------------------|------------------------------------------------------------------------|
 * | a function returns, its tasks live      | the task lives until they have ended                                   |
 * | a function throws, its tasks live       | its parent takes them over; the task has ended                         |
 * | … and the task is fatal                 | the service fails: the graph is cancelled                              |
 * | a daemon ends before a cancellation     | the same, with `DaemonTaskExitError`                                   |
 * | the graph is cancelled                  | tasks without live children are told; each other one when its last     |
 * |                                         | child has settled, `finally` included: so leaves first, the root last  |
 * | … and a function throws what it was told| that is obedience, not an error                                        |
 * | a spawn after that                      | not run, no error                                                      |
 * | a spawn after the end                   | `NotRunningError`                                                      |
 */
import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../clock/clock.ts'
import { DaemonTaskExitError, NotRunningError, TooManyTasksError } from '../errors/catalogue.ts'
import { Task, type TaskFunction, type TaskOptions } from './task.ts'

export interface TaskGraphOptions {
  readonly service: string
  readonly state: () => string
  /** Live children that one task may have. */
  readonly maxTasks: number
  readonly clock: Clock
  /** Knows, in all that a task does, which one it is. */
  readonly current: AsyncLocalStorage<Task>
  /** Takes what is wrong, but fails nothing. */
  readonly report: (subject: string, thrown?: unknown) => void
  /** No task is begun from now on. */
  readonly onClosing: () => void
}

/** How a graph ended: its body and all its tasks by themselves, or because it was cancelled. */
export type GraphEnd = 'completed' | 'aborted'

export interface CancelledGraph {
  /** What was thrown, in that order; without what `ended`, or an earlier call, has told. */
  readonly errors: readonly unknown[]
  /** The tasks that hold the end up: those that were told, or are awaited, and still run. */
  readonly unfinished: readonly string[]
}

export class TaskGraph {
  /** Settles when the graph is cancelled, or has ended by itself; rejects at once with the first error that fails it. */
  readonly ended: Promise<GraphEnd>
  /** Whether RUNNING was reached. */
  isEntered = false
  total = 0
  finished = 0
  readonly #options: TaskGraphOptions
  readonly #root = new Task(undefined, { name: 'run' })
  readonly #outcome: Pick<PromiseWithResolvers<GraphEnd>, 'resolve' | 'reject'>
  readonly #settled = Promise.withResolvers<void>()
  readonly #errors: unknown[] = []
  #hasBody = false
  #isClosing = false
  #ending: Promise<void> | undefined

  constructor(options: TaskGraphOptions) {
    this.#options = options
    this.#root.phase = 'waiting'
    const { promise, ...outcome } = Promise.withResolvers<GraphEnd>()
    promise.catch(() => {}) // a failure before anybody asks is told to whoever asks later
    this.ended = promise
    this.#outcome = outcome
  }

  get isClosing(): boolean {
    return this.#isClosing
  }

  /** There is nothing in it whose end would have to be waited for, or told. */
  get isIdle(): boolean {
    const isBare = !this.#hasBody && this.#root.children.size === 0
    return this.#errors.length === 0 && (isBare || this.#root.phase === 'settled')
  }

  /** The task that runs now, or the nearest above it that has not ended. */
  get current(): Task {
    let task = this.#options.current.getStore()
    while (task?.phase === 'settled') task = task.parent
    return task?.root === this.#root ? task : this.#root
  }

  /** Whether the code that runs now belongs to a task, the body included. */
  get isInTask(): boolean {
    const task = this.#options.current.getStore()
    return task?.root === this.#root && task.phase !== 'settled'
  }

  /** Begins the body; without one the root just waits for the end. */
  enter(body?: TaskFunction): void {
    this.isEntered = true
    if (this.#isClosing) return
    this.#hasBody = body !== undefined
    this.#root.phase = 'running'
    void this.#carryOut(this.#root, body ?? untilAborted)
  }

  /**
   * @throws {TooManyTasksError} ERR_TROUPE_TOO_MANY_TASKS
   * @throws {NotRunningError} ERR_TROUPE_NOT_RUNNING after the end
   */
  spawn(run: TaskFunction, options: TaskOptions & { readonly name: string }): Task {
    if (this.#isClosing) return this.#skip(options)
    const { service, maxTasks } = this.#options
    const parent = this.current
    if (parent.children.size >= maxTasks) throw new TooManyTasksError(service, parent.name, maxTasks)
    return this.#begin(parent, run, options)
  }

  /** For work that is bounded by its declaration: a child of the root, whatever runs now, and never refused. */
  spawnAtRoot(run: TaskFunction, options: TaskOptions & { readonly name: string }): Task {
    return this.#isClosing ? this.#skip(options) : this.#begin(this.#root, run, options)
  }

  /** Ends all tasks, leaves first. Resolves when they have ended, or the grace is over; a second call joins the first. */
  async cancel(graceMs: number): Promise<CancelledGraph> {
    this.close()
    this.#ending ??= this.#settledWithin(graceMs)
    await this.#ending
    const leaves = this.#all().filter((task) => task.children.size === 0)
    return { errors: this.#errors.splice(0), unfinished: leaves.map(({ name }) => name) }
  }

  /** The names of the tasks whose functions run, or whose children do; without the root. */
  get running(): readonly string[] {
    return this.#all()
      .filter((task) => task !== this.#root)
      .map(({ name }) => name)
  }

  #begin(parent: Task, run: TaskFunction, options: TaskOptions & { readonly name: string }): Task {
    const task = new Task(parent, options)
    parent.children.add(task)
    this.total++
    void this.#carryOut(task, run)
    return task
  }

  #skip(options: TaskOptions & { readonly name: string }): Task {
    if (this.#root.phase === 'settled') throw new NotRunningError(this.#options.service, this.#options.state())
    const task = new Task(undefined, options)
    task.settle('skipped')
    return task
  }

  async #carryOut(task: Task, run: TaskFunction): Promise<void> {
    try {
      await this.#options.current.run(task, run, task.signal)
    } catch (thrown) {
      if (!task.isObedience(thrown)) return this.#threw(task, thrown)
    }
    this.#returned(task)
  }

  #returned(task: Task): void {
    task.phase = 'returned'
    const isMissed = task.isDaemon && !this.#isClosing
    if (isMissed) this.#fail(new DaemonTaskExitError(this.#options.service, task.name))
    if (task.children.size === 0) this.#settle(task)
    if (isMissed) this.close()
  }

  #threw(task: Task, thrown: unknown): void {
    task.markFailed()
    task.phase = 'returned'
    const isMissed = task.isDaemon && !this.#isClosing
    if (task.parent) handOver(task, task.parent)
    if (task.isFatal) this.#fail(thrown)
    else this.#options.report(`task "${task.name}"`, thrown)
    if (!task.isFatal && isMissed) {
      this.#fail(new DaemonTaskExitError(this.#options.service, task.name, { cause: thrown }))
    }
    if (task.children.size === 0) this.#settle(task)
    if (task.isFatal || isMissed) this.close()
  }

  /** The first error is told at once, unless the owner already waits for the end, which tells all. */
  #fail(error: unknown): void {
    if (this.#isClosing) this.#errors.push(error)
    else this.#outcome.reject(error)
  }

  /** Ends the task, and all above it that had only been waiting for it. */
  #settle(task: Task): void {
    for (let at: Task | undefined = task; at !== undefined; ) {
      at.settle()
      if (at === this.#root) return this.#finish()
      this.finished++
      const parent: Task = at.parent!
      parent.children.delete(at)
      if (parent.children.size > 0) return
      if (parent.phase !== 'returned') return this.#isClosing ? this.#tell(parent) : undefined
      at = parent
    }
  }

  #finish(): void {
    this.#outcome.resolve('completed') // of no effect after a failure or a cancellation
    if (!this.#isClosing) {
      this.#isClosing = true
      this.#options.onClosing()
    }
    this.#settled.resolve()
  }

  /** No task begins any more, and those that there are shall end. */
  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#outcome.resolve('aborted') // of no effect after a failure
    this.#options.onClosing()
    const tasks = this.#all()
    for (const task of tasks) if (task.isAwaited && task.timeoutMs !== undefined) this.#limit(task, task.timeoutMs)
    for (const task of tasks) if (task.children.size === 0) this.#tell(task)
  }

  /** It has no live children: its turn to end has come. */
  #tell(task: Task): void {
    if (task.phase === 'waiting') this.#settle(task)
    else if (task.phase === 'running' && (!task.isAwaited || task.isOverdue)) task.abort()
  }

  #limit(task: Task, timeoutMs: number): void {
    task.cancelTimeout = this.#options.clock.setTimer(() => {
      if (!task.abortsOnTimeout) {
        this.#options.report(`task "${task.name}" still runs ${timeoutMs} ms after it was to end by itself`)
        return
      }
      task.isOverdue = true
      if (task.children.size === 0) this.#tell(task)
    }, timeoutMs)
  }

  async #settledWithin(graceMs: number): Promise<void> {
    const { promise: expired, resolve } = Promise.withResolvers<void>()
    const cancelTimer = this.#options.clock.setTimer(resolve, graceMs)
    await Promise.race([this.#settled.promise, expired])
    cancelTimer()
  }

  /** All that live, parents before their children. */
  #all(): readonly Task[] {
    if (this.#root.phase === 'settled') return []
    const tasks = [this.#root]
    for (let at = 0; at < tasks.length; at++) for (const child of tasks[at]!.children) tasks.push(child)
    return tasks
  }
}

function handOver(task: Task, heir: Task): void {
  for (const child of task.children) {
    child.parent = heir
    heir.children.add(child)
  }
  task.children.clear()
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
