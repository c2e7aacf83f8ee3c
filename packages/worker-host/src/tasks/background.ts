/**
 * All that a service does besides answering calls: its tasks, its timers, what it waits for, and what it has to release.
 *
 *     begin   STARTING begins: tasks can be spawned
 *     enter   RUNNING is reached: the body, the `@task` methods and the timers begin
 *     leave   PAUSING, after the hook: timers stop, tasks end leaves first, the body last
 *     dispose STOPPING, after the hook: what was deferred is released
 *
 * So a pause ends the tasks, and the next start begins them anew.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../clock/clock.ts'
import { type Duration, toIntervalMs, toMs } from '../clock/duration.ts'
import { BadOptionsError, NotRunningError } from '../errors/catalogue.ts'
import type { NextTime } from './cron-times.ts'
import { cronTimes } from './cron-times.ts'
import type { Job } from './declarations.ts'
import { Disposables } from './disposables.ts'
import { Repeater, type RepeaterStats } from './repeater.ts'
import { CronSchedule, DelaySchedule, RateSchedule, type Schedule } from './schedules.ts'
import { checkTaskOptions, type Task, type TaskEnd, type TaskFunction, type TaskOptions } from './task.ts'
import { type CancelledGraph, type GraphEnd, TaskGraph } from './task-graph.ts'
import { race, type Settled, type Waited, type WaitedAtMost } from './waiting.ts'

/** Counts are of the present object of the service, through all its pauses. */
export interface TaskStats {
  /** Tasks that were begun, calls of timers included; the body is none. */
  readonly total: number
  readonly finished: number
  readonly pending: number
  /** The names of the pending ones, parents before their children. */
  readonly running: readonly string[]
  /** The timers and cron jobs of the present stay in RUNNING. */
  readonly timers: readonly RepeaterStats[]
}

/** A task, to those who spawned it. */
export interface SpawnedTask {
  readonly name: string
  readonly signal: AbortSignal
  /** Resolves when it and its tasks have ended; it never rejects. */
  readonly ended: Promise<TaskEnd>
}

/** What `this.tasks` is. */
export interface Tasks {
  /**
   * Runs the function in the background, as a child of the task that runs now. It begins at once.
   *
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
   * @throws {TooManyTasksError} ERR_TROUPE_TOO_MANY_TASKS when the parent has `maxTasks` live tasks
   * @throws {NotRunningError} ERR_TROUPE_NOT_RUNNING before STARTING and after the end; while tasks are being ended
   *   it is not run, and nothing is thrown
   */
  run(run: TaskFunction, options?: TaskOptions): SpawnedTask
  readonly stats: TaskStats
}

export interface BackgroundOptions {
  readonly service: () => string
  readonly state: () => string
  readonly clock: () => Clock
}

export interface BeginOptions {
  readonly maxTasks: number
  readonly report: (subject: string, thrown?: unknown) => void
}

/** A job whose cron specification has been read. */
export interface ReadyJob extends Job {
  readonly times?: NextTime
}

export class Background {
  readonly tasks: Tasks
  readonly disposables = new Disposables()
  readonly #options: BackgroundOptions
  readonly #current = new AsyncLocalStorage<Task>()
  #graph: TaskGraph | undefined
  #repeaters: Repeater[] = []
  #stopping = new AbortController()
  /** Counts of the graphs that are gone. */
  #past = { total: 0, finished: 0 }

  constructor(options: BackgroundOptions) {
    this.#options = options
    const self = this
    this.tasks = {
      run: (run, taskOptions) => self.#run(run, taskOptions),
      get stats() {
        return self.stats
      },
    }
  }

  get stats(): TaskStats {
    const total = this.#past.total + (this.#graph?.total ?? 0)
    const finished = this.#past.finished + (this.#graph?.finished ?? 0)
    const running = this.#graph?.running ?? []
    return { total, finished, pending: total - finished, running, timers: this.#repeaters.map(({ stats }) => stats) }
  }

  /** Aborted while the service is on its way to STOPPED, or has failed. Renewed when a stop is called off. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  heedStop(isStopping: boolean): void {
    if (isStopping) this.#stopping.abort()
    else if (this.#stopping.signal.aborted) this.#stopping = new AbortController()
  }

  /** Resolves when the body and all tasks have ended, or been ended; rejects at once with what fails the service. */
  get ended(): Promise<GraphEnd> {
    return this.#graph?.ended ?? Promise.resolve('aborted')
  }

  begin({ maxTasks, report }: BeginOptions): void {
    this.#past = { total: this.stats.total, finished: this.stats.finished }
    this.#repeaters = []
    const graph = new TaskGraph({
      service: this.#options.service(),
      state: this.#options.state,
      maxTasks,
      clock: this.#options.clock(),
      current: this.#current,
      report,
      onClosing: () => this.#stopRepeaters(),
    })
    // Once it is RUNNING the owner hears of the failure first, and tells: a call that runs is to fail, not to wake up.
    graph.ended.catch(() => !graph.isEntered && this.heedStop(true))
    this.#graph = graph
  }

  /** @param target what the jobs are methods of */
  enter(body: TaskFunction | undefined, target: object, jobs: readonly ReadyJob[]): void {
    const graph = this.#graph!
    graph.enter(body)
    for (const job of jobs) {
      if (graph.isClosing) return
      const run = (signal: AbortSignal): unknown => job.run.call(target, signal)
      if (job.declaration.kind === 'task')
        graph.spawnAtRoot(run, { ...job.declaration.options, name: job.declaration.options.name ?? job.name })
      else this.#repeat(job, run, graph)
    }
  }

  /** Runs a task of the whole service, which is not told to end: it must, by itself. */
  watch(name: string, end: () => Promise<void>): void {
    this.#graph?.spawnAtRoot(end, { name, onStop: 'await' })
  }

  /** To leave it takes no time. */
  get isIdle(): boolean {
    return this.#graph?.isIdle ?? true
  }

  /** No task begins any more, and those that there are shall end. */
  close(): void {
    this.#graph?.close()
  }

  /** Resolves when all tasks have ended, or the grace is over. */
  async leave(graceMs: number): Promise<CancelledGraph> {
    return this.#graph?.cancel(graceMs) ?? { errors: [], unfinished: [] }
  }

  /** @returns whether the time has passed: false means that the service, or the task that sleeps, is ending */
  async sleep(duration: Duration): Promise<boolean> {
    return (await this.#race(undefined, toMs(duration, 'sleep'))).outcome === 'timedOut'
  }

  async wait<Values extends readonly unknown[]>(promises: Values): Promise<Waited<Settled<Values>>> {
    // Without promises it waits for the end.
    const all = promises.length > 0 ? Promise.all(promises) : undefined
    return (await this.#race(all, undefined)) as Waited<Settled<Values>>
  }

  async waitAtMost<Values extends readonly unknown[]>(
    limit: Duration,
    promises: Values,
  ): Promise<WaitedAtMost<Settled<Values>>> {
    const all = promises.length > 0 ? Promise.all(promises) : undefined
    return (await this.#race(all, toMs(limit, 'waitAtMost'))) as WaitedAtMost<Settled<Values>>
  }

  /** Yields the number of the interval that has passed: a gap in the numbers is time that the loop's body took. */
  every(duration: Duration): AsyncGenerator<number, void, void> {
    const intervalMs = toIntervalMs(duration, 'every')
    const schedule = new RateSchedule(this.#options.clock(), intervalMs)
    const left = new AbortController()
    const race = (delayMs: number) => this.#race(undefined, delayMs, left.signal)
    const ticks = (async function* () {
      while ((await race(schedule.next())).outcome === 'timedOut') yield schedule.tick
    })()
    // By itself a generator hears that its reader has left only when the interval that it waits for is over.
    const leave = ticks.return.bind(ticks)
    ticks.return = (value) => {
      left.abort()
      return leave(value)
    }
    return ticks
  }

  #run(run: TaskFunction, options: TaskOptions = {}): SpawnedTask {
    if (typeof run !== 'function') throw new BadOptionsError(`tasks.run needs a function, found ${String(run)}`)
    const name = options?.name ?? (run.name || 'task')
    checkTaskOptions(options, `task "${name}"`)
    if (this.#graph === undefined) throw new NotRunningError(this.#options.service(), this.#options.state())
    return this.#graph.spawn(run, { ...options, name })
  }

  #repeat({ name, declaration, times }: ReadyJob, run: TaskFunction, graph: TaskGraph): void {
    if (declaration.kind === 'task') return
    const clock = this.#options.clock()
    const { onError = 'log' } = declaration.options
    const call = (): Promise<void> =>
      new Promise((resolve) => {
        const whole: TaskFunction = async (signal) => {
          try {
            await run(signal)
          } finally {
            resolve() // the tasks that a call has spawned don't hold the next one up
          }
        }
        graph.spawnAtRoot(whole, { name, onStop: 'await', onError })
      })
    const repeater = new Repeater({ name, clock, schedule: scheduleOf(declaration, clock, times), call })
    this.#repeaters.push(repeater)
    repeater.start(declaration.kind === 'timer' && declaration.options.immediate === true)
  }

  #stopRepeaters(): void {
    for (const repeater of this.#repeaters) repeater.stop()
  }

  /** Ends early with the task that waits, or outside of one with the service; or with `left`. */
  #race(
    promise: Promise<unknown> | undefined,
    delayMs: number | undefined,
    left?: AbortSignal,
  ): Promise<WaitedAtMost<unknown>> {
    const end = this.#graph?.isInTask ? this.#graph.current.signal : this.stopping
    const signal = left ? AbortSignal.any([end, left]) : end
    return race({ promise, delayMs, signal, clock: this.#options.clock() })
  }
}

function scheduleOf(declaration: Job['declaration'], clock: Clock, times: NextTime | undefined): Schedule {
  if (declaration.kind === 'cron') return new CronSchedule(clock, times!)
  const { intervalMs, options } = declaration as Extract<Job['declaration'], { kind: 'timer' }>
  return options.mode === 'delay' ? new DelaySchedule(intervalMs) : new RateSchedule(clock, intervalMs)
}

/** Reads the cron specifications, so that a wrong one is told before anything begins. */
export function readyJobs(jobs: readonly Job[]): Promise<readonly ReadyJob[]> {
  return Promise.all(
    jobs.map(async (job) => {
      if (job.declaration.kind !== 'cron') return job
      const { spec, options } = job.declaration
      return { ...job, times: await cronTimes(spec, options.timezone, `@cron on "${job.name}"`) }
    }),
  )
}
