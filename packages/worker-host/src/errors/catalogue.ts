/**
 * Every error that Troupe itself raises. Each has a stable `code`; callers match that, never the prose.
 * A message is lower case and names its subject in quotes, what was expected, and what was found.
 */
export type TroupeErrorCode = `ERR_TROUPE_${string}`

/** The base of all errors of Troupe's own: `error instanceof TroupeError` tells them from a service's errors. */
export abstract class TroupeError extends Error {
  abstract readonly code: TroupeErrorCode
  // A getter, so that the name is neither an own field nor lost when a subclass is rebuilt in another thread.
  override get name(): string {
    return this.constructor.name
  }
}

export interface NotRunningOptions extends ErrorOptions {
  /** @defaultValue 'service' */
  readonly what?: 'service' | 'context'
}

/** What was asked for needs a service, or a context, that runs or is on its way there: a call that it rejects has not run. */
export class NotRunningError extends TroupeError {
  readonly code = 'ERR_TROUPE_NOT_RUNNING'
  constructor(name: string, state: string, { what = 'service', ...options }: NotRunningOptions = {}) {
    super(`${what} "${name}" is ${state}, and would have to be RUNNING or on its way there`, options)
  }
}

/** No service of that name is in the pool. */
export class NoSuchServiceError extends TroupeError {
  readonly code = 'ERR_TROUPE_NO_SUCH_SERVICE'
  constructor(name: string, known: readonly string[]) {
    super(`no service "${name}" in this pool, ${known.length > 0 ? `known: ${known.join(', ')}` : 'it is empty'}`)
  }
}

/** No method of that name is exposed. Whether an unexposed one exists is not told. */
export class NoSuchMethodError extends TroupeError {
  readonly code = 'ERR_TROUPE_NO_SUCH_METHOD'
  constructor(service: string, method: string) {
    super(`service "${service}" exposes no method "${method}"`)
  }
}

/** A policy refused the caller; the method did not run. */
export class NotAuthorizedError extends TroupeError {
  readonly code = 'ERR_TROUPE_NOT_AUTHORIZED'
  constructor(service: string, method: string, caller: string) {
    super(`"${caller}" may not call "${service}.${method}"`)
  }
}

/** A service was not brought to life: nothing of it was imported or constructed. */
export class ActivationDeniedError extends TroupeError {
  readonly code = 'ERR_TROUPE_ACTIVATION_DENIED'
  /** Its canonical name. */
  readonly service: string
  /** Where it would live. */
  readonly context: string
  readonly caller: string
  /** @param module given when it is the module that may not be activated, or is not known; else it is the caller */
  constructor(service: string, context: string, caller: string, module?: string) {
    const why =
      module === undefined ? 'only that context and those above it may' : `no module ${module} may be activated there`
    super(`"${caller}" may not bring "${service}" to life in "${context}": ${why}`)
    this.service = service
    this.context = context
    this.caller = caller
  }
}

/** The mailbox was at capacity, so the call never reached the service: a retry cannot run it twice. */
export class MailboxFullError extends TroupeError {
  readonly code = 'ERR_TROUPE_MAILBOX_FULL'
  constructor(service: string, depth: number, capacity: number) {
    super(`mailbox of "${service}" is full: ${depth} queued, capacity ${capacity}`)
  }
}

/** One thing that is wrong with a value. */
export interface Issue {
  /** `argument 0.url`, `argument 1[3]`, `result.total` */
  readonly path: string
  readonly message: string
}

/** Arguments that don't fit the method's spec, or a result that doesn't; for arguments, the method did not run. */
export class BadArgumentsError extends TroupeError {
  readonly code = 'ERR_TROUPE_BAD_ARGUMENTS'
  readonly issues: readonly Issue[]
  constructor(subject: string, issues: readonly Issue[]) {
    super(`${subject}: ${issues.map(({ path, message }) => `${path}: ${message}`).join('; ')}`)
    this.issues = issues
  }
}

/** Where a call's time went. @unit milliseconds */
export interface TimeSpent {
  /** In the mailbox, and in the thread behind other calls. */
  readonly waitedMs: number
  /** From when it was sent to a thread, once its method had begun. */
  readonly ranMs: number
}

/** Something took longer than its limit: a call, or a transition. */
export class DeadlineExceededError extends TroupeError {
  readonly code = 'ERR_TROUPE_DEADLINE'
  readonly limitMs: number
  /** Absent for a transition. */
  declare readonly waitedMs?: number
  declare readonly ranMs?: number
  constructor(subject: string, limitMs: number, spent?: TimeSpent) {
    const how = spent ? `: ${Math.round(spent.waitedMs)} ms waiting, ${Math.round(spent.ranMs)} ms running` : ''
    super(`${subject} took longer than ${limitMs < 0.1 ? limitMs : Math.round(limitMs * 10) / 10} ms${how}`)
    this.limitMs = limitMs
    Object.assign(this, spent)
  }
}

/** What is known of a crash. */
export interface CrashReport {
  /** What the thread died of, where that is known. */
  readonly cause?: unknown
  /** Absent while the thread has not quite ended, or was killed. */
  readonly exitCode?: number | undefined
  /** What a process was ended by, instead of an exit code. */
  readonly signal?: NodeJS.Signals | undefined
  /** The call that got no answer; absent when the error is about the service itself. */
  readonly call?: string
  /** False: the method had certainly not begun, and a retry can't run it twice. */
  readonly mayHaveRun: boolean
}

/** The service's thread died: while it had the call, or before it could get to it. */
export class ServiceCrashedError extends TroupeError {
  readonly code = 'ERR_TROUPE_SERVICE_CRASHED'
  readonly exitCode: number | undefined
  /** Absent for a thread, and for a process that exited or was killed by its owner. */
  declare readonly signal?: NodeJS.Signals
  readonly mayHaveRun: boolean
  constructor(service: string, { cause, exitCode, signal, call, mayHaveRun }: CrashReport) {
    const by = signal === undefined ? '' : ` by ${signal}`
    const how = exitCode === undefined ? by : ` with exit code ${exitCode}`
    const why = cause === undefined ? '' : `: ${messageOf(cause)}`
    const what = call === undefined ? '' : ` (call of ${call}, which ${mayHaveRun ? 'may have run' : 'had not begun'})`
    super(`service "${service}" crashed${how}${what}${why}`, cause === undefined ? {} : { cause })
    this.exitCode = exitCode
    if (signal !== undefined) this.signal = signal
    this.mayHaveRun = mayHaveRun
  }
}

/** A move of the service failed, in either direction; the `cause` says why. */
export class StartFailedError extends TroupeError {
  readonly code = 'ERR_TROUPE_START_FAILED'
  constructor(service: string, during: string, cause: unknown) {
    super(`service "${service}" failed while ${during}: ${messageOf(cause)}`, { cause })
  }
}

/** A newer target replaced this one before it was reached. */
export class SupersededError extends TroupeError {
  readonly code = 'ERR_TROUPE_SUPERSEDED'
  constructor(service: string, target: string, by: string) {
    super(`the move of "${service}" to ${target} was superseded by ${by}`)
  }
}

export interface NotCloneableOptions extends ErrorOptions {
  /** What it was on its way to: a thread is given more than a process. @defaultValue 'thread' */
  readonly to?: 'thread' | 'process'
}

/** An argument, a result or an option can't be copied to another thread, or to another process. */
export class NotCloneableError extends TroupeError {
  readonly code = 'ERR_TROUPE_NOT_CLONEABLE'
  /** Where the value stands: `argument 0.items[3].onDone`. */
  readonly path: string
  constructor(subject: string, path: string, found: string, options: NotCloneableOptions = {}) {
    const { to = 'thread', ...rest } = options
    super(`${subject}: ${path} can't be copied to another ${to}, it is ${found}`, rest)
    this.path = path
  }
}

/** The pool was closed, before or during the call. */
export class PoolClosedError extends TroupeError {
  readonly code = 'ERR_TROUPE_POOL_CLOSED'
  constructor(subject: string, options?: ErrorOptions) {
    super(`the pool is closed: ${subject}`, options)
  }
}

/** A name stands for one service in a pool, and the key of a provided value for one value. */
export class DuplicateNameError extends TroupeError {
  readonly code = 'ERR_TROUPE_DUPLICATE_NAME'
  constructor(name: string, what = 'service') {
    super(`a ${what} "${name}" is in this pool already`)
  }
}

/** A daemon, which is there for as long as its service runs, has ended before it. */
export class DaemonTaskExitError extends TroupeError {
  readonly code = 'ERR_TROUPE_DAEMON_EXIT'
  constructor(service: string, task: string, options?: ErrorOptions) {
    super(`daemon "${task}" of service "${service}" ended before the service did`, options)
  }
}

/** One parent has as many live tasks as it may have; told to the spawner, the service is unharmed. */
export class TooManyTasksError extends TroupeError {
  readonly code = 'ERR_TROUPE_TOO_MANY_TASKS'
  constructor(service: string, parent: string, maxTasks: number) {
    super(`"${parent}" of service "${service}" has ${maxTasks} live tasks, the most that one parent may have`)
  }
}

/** What is called stays in another thread, and can't be reached any more: its call has ended, or it was let go. */
export class RevokedError extends TroupeError {
  readonly code = 'ERR_TROUPE_REVOKED'
  constructor(subject: string, why: string, options?: ErrorOptions) {
    super(`${subject} can't be reached any more: ${why}`, options)
  }
}

/** One thread holds as many references to objects of another as it may. */
export class TooManyReferencesError extends TroupeError {
  readonly code = 'ERR_TROUPE_TOO_MANY_REFERENCES'
  constructor(peer: string, limit: number) {
    super(`${peer} holds ${limit} references to objects of this thread, the most that there may be`)
  }
}

/** A method of a serialized service called that service: it would have waited for its own end. */
export class SelfCallError extends TroupeError {
  readonly code = 'ERR_TROUPE_SELF_CALL'
  constructor(service: string, method: string) {
    super(`"${service}.${method}" was called by a call of "${service}" itself, which takes one call at a time`)
  }
}

/** A circuit breaker keeps calls from a service that fails too often: this one was not sent. */
export class CircuitOpenError extends TroupeError {
  readonly code = 'ERR_TROUPE_CIRCUIT_OPEN'
  /** For how long the circuit has not been closed. @unit milliseconds */
  readonly openForMs: number
  /** When calls are let through again, to see how the service does. @unit milliseconds from now */
  readonly retryAfterMs: number
  constructor(service: string, openForMs: number, retryAfterMs: number) {
    super(
      `the circuit of "${service}" has been open for ${Math.round(openForMs)} ms, and is tried again in ${Math.ceil(retryAfterMs)} ms`,
    )
    this.openForMs = openForMs
    this.retryAfterMs = retryAfterMs
  }
}

/** The service is called as often as it may be, and as many calls as may wait do: this one was not sent. */
export class RateLimitedError extends TroupeError {
  readonly code = 'ERR_TROUPE_RATE_LIMITED'
  /** When a call has a chance again. @unit milliseconds from now */
  readonly retryAfterMs: number
  constructor(service: string, callsPerSecond: number, retryAfterMs: number) {
    super(`"${service}" is limited to ${callsPerSecond} calls a second, try again in ${Math.ceil(retryAfterMs)} ms`)
    this.retryAfterMs = retryAfterMs
  }
}

/** What a batch method returned is no list with one entry for each call. */
export class BadBatchError extends TroupeError {
  readonly code = 'ERR_TROUPE_BAD_BATCH'
  constructor(service: string, method: string, calls: number, found: string) {
    super(`"${service}.${method}" must return a list of ${calls} entries, one for each call, found ${found}`)
  }
}

/** An input that can't be told to wait has brought more than may wait to be read. */
export class BufferFullError extends TroupeError {
  readonly code = 'ERR_TROUPE_BUFFER_FULL'
  constructor(event: string, capacity: number) {
    super(`"${event}" events come faster than they are read: ${capacity} wait, the most that may`)
  }
}

/** Why a file is not sent. */
export type FileRefusal = 'malformed' | 'unregistered' | 'missing' | 'notAFile' | 'notAFolder' | 'unreadable'

const REFUSALS: Readonly<Record<FileRefusal, string>> = {
  malformed: 'it must be an absolute path without "..", ".", empty parts and NUL',
  unregistered: 'it is not registered, nor is a folder that it is really in',
  missing: 'there is no such file',
  notAFile: 'it is no regular file',
  notAFolder: 'it is no folder',
  unreadable: 'this process may not read it',
}

/** The path can't be registered, or the file that it leads to is not sent. */
export class FileRefusedError extends TroupeError {
  readonly code = 'ERR_TROUPE_FILE_REFUSED'
  readonly path: string
  readonly reason: FileRefusal
  constructor(path: string, reason: FileRefusal, options?: ErrorOptions) {
    super(`file ${JSON.stringify(path)} is refused: ${REFUSALS[reason]}`, options)
    this.path = path
    this.reason = reason
  }
}

/** The file did not stay as it was while it was sent. */
export class FileChangedError extends TroupeError {
  readonly code = 'ERR_TROUPE_FILE_CHANGED'
  readonly path: string
  constructor(path: string, how: string) {
    super(`file "${path}" has changed while it was sent: ${how}`)
    this.path = path
  }
}

/** What has come is not the file that was announced; nothing of it is kept. */
export class FileDamagedError extends TroupeError {
  readonly code = 'ERR_TROUPE_FILE_DAMAGED'
  readonly path: string
  constructor(path: string, what: string, expected: string, found: string) {
    super(`file "${path}" has not come whole: ${what} ${expected} was announced, found ${found}`)
    this.path = path
  }
}

/** The files that were pushed are kept in memory, and there is no room for one more. */
export class StoreFullError extends TroupeError {
  readonly code = 'ERR_TROUPE_STORE_FULL'
  constructor(path: string, bytes: number, usedBytes: number, maxBytes: number) {
    super(`no room for file "${path}" of ${bytes} bytes: ${usedBytes} of ${maxBytes} are in use`)
  }
}

/** Options, a specification or a declaration that can't be right. */
export class BadOptionsError extends TroupeError {
  readonly code = 'ERR_TROUPE_BAD_OPTIONS'
}

/** The message of anything that can be thrown, without ever throwing itself. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown)
  } catch {
    return 'a value that has no text'
  }
}
