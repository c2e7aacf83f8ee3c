/** One piece of background work: a node of the task graph. */
import { BadOptionsError } from '../errors/catalogue.ts'
import { requireOptions } from '../errors/require-options.ts'

/** What a task runs. The signal aborts when it shall end: when the service leaves RUNNING, and its own tasks have ended. */
export type TaskFunction = (signal: AbortSignal) => unknown

export interface TaskOptions {
  /**
   * What statistics, warnings and errors call it.
   * @defaultValue the function's name, else 'task'
   */
  readonly name?: string
  /**
   * It is there for as long as the service runs: when it ends earlier, in whatever way, the service fails.
   * @defaultValue false
   */
  readonly daemon?: boolean
  /**
   * When the service leaves RUNNING: abort its signal, or await its own end.
   * @defaultValue 'abort'
   */
  readonly onStop?: 'abort' | 'await'
  /**
   * Longest time that `onStop: 'await'` awaits it.
   * @unit milliseconds @defaultValue as long as the service's `graceMs` allows
   */
  readonly timeoutMs?: number
  /**
   * After `timeoutMs` abort its signal; `false` only reports it, and leaves it to the service's `graceMs`.
   * @defaultValue true
   */
  readonly abortOnTimeout?: boolean
  /**
   * What an error of it does: fail the service, or become a warning.
   * @defaultValue 'fail'
   */
  readonly onError?: 'fail' | 'log'
}

/** How a task ended. `skipped`: it was spawned when the service was ending, and never ran. */
export type TaskEnd = 'completed' | 'failed' | 'aborted' | 'skipped'

/**
 * running: its function runs. returned: that has ended well, and its tasks live on. settled: all of it has ended. The
 * root, whose function is the service's body, is `waiting` until RUNNING is reached.
 */
export type TaskPhase = 'waiting' | 'running' | 'returned' | 'settled'

export class Task {
  readonly name: string
  readonly isDaemon: boolean
  readonly isAwaited: boolean
  /** Set when it is awaited no longer. */
  isOverdue = false
  readonly timeoutMs: number | undefined
  readonly abortsOnTimeout: boolean
  readonly isFatal: boolean
  /** Resolves when it and its tasks have ended; it never rejects. */
  readonly ended: Promise<TaskEnd>
  readonly children = new Set<Task>()
  /** Tells the graph that it belongs to. */
  readonly root: Task
  parent: Task | undefined
  phase: TaskPhase = 'running'
  cancelTimeout: (() => void) | undefined
  #hasFailed = false
  readonly #controller = new AbortController()
  readonly #markEnded: (end: TaskEnd) => void

  constructor(parent: Task | undefined, options: TaskOptions & { readonly name: string }) {
    this.parent = parent
    this.root = parent?.root ?? this
    this.name = options.name
    this.isDaemon = options.daemon ?? false
    this.isAwaited = options.onStop === 'await'
    this.timeoutMs = options.timeoutMs
    this.abortsOnTimeout = options.abortOnTimeout ?? true
    this.isFatal = options.onError !== 'log'
    const { promise, resolve } = Promise.withResolvers<TaskEnd>()
    this.ended = promise
    this.#markEnded = resolve
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  abort(): void {
    this.#controller.abort()
  }

  markFailed(): void {
    this.#hasFailed = true
  }

  settle(end: TaskEnd = this.#hasFailed ? 'failed' : this.signal.aborted ? 'aborted' : 'completed'): void {
    this.phase = 'settled'
    this.cancelTimeout?.()
    this.#markEnded(end)
  }

  /** It ended as its signal asked: by the signal's reason, or by the AbortError that Node's own functions make of it. */
  isObedience(thrown: unknown): boolean {
    if (!this.signal.aborted) return false
    return thrown === this.signal.reason || (thrown instanceof Error && thrown.name === 'AbortError')
  }
}

const CHOICES: Readonly<Record<string, (value: unknown) => boolean>> = {
  name: (value) => typeof value === 'string' && value !== '',
  daemon: (value) => typeof value === 'boolean',
  onStop: (value) => value === 'abort' || value === 'await',
  timeoutMs: (value) => typeof value === 'number' && value >= 0,
  abortOnTimeout: (value) => typeof value === 'boolean',
  onError: (value) => value === 'fail' || value === 'log',
}

/**
 * @param subject whose options they are, for the message
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
 */
export function checkTaskOptions(options: TaskOptions, subject: string): TaskOptions {
  requireOptions(subject, options, Object.keys(CHOICES))
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined && !CHOICES[key]!(value))
      throw new BadOptionsError(`${subject}: "${key}" can't be ${String(value)}`)
  }
  if (options.timeoutMs !== undefined && options.onStop !== 'await') {
    throw new BadOptionsError(`${subject}: "timeoutMs" limits onStop: 'await', which is not given`)
  }
  return options
}
