/**
 * The background work that a class declares, by decorators or, in plain JavaScript that nothing compiles, by a static
 * field:
 *
 *     class PageViews extends Service {
 *       @task protected async follow(signal: AbortSignal) { … }   // begins when RUNNING is entered
 *       @timer('10s') protected flush() { … }                     // first after ten seconds
 *       @cron('0 * * * *') protected rollUp() { … }               // at every full hour
 *     }
 *     class PageViews extends Service {
 *       static background = { follow: {}, flush: { every: '10s' }, rollUp: { cron: '0 * * * *' } }
 *       …
 *     }
 *
 * An override is a new method: it replaces its parent's, and does nothing by itself unless it says so again.
 */
import { type Duration, toIntervalMs } from '../clock/duration.ts'
import { oncePerThread } from '../copies/once-per-thread.ts'
import { BadOptionsError } from '../errors/catalogue.ts'
import { requireDecoratedMethod } from '../errors/require-decorated-method.ts'
import { requireOptions } from '../errors/require-options.ts'
import { staticField } from '../errors/static-field.ts'
import { checkTaskOptions, type TaskOptions } from './task.ts'

export interface TimerOptions {
  /**
   * Call once at the start as well.
   * @defaultValue false: the first call comes after one interval
   */
  readonly immediate?: boolean
  /**
   * `rate`: at fixed times from the start, those that come while a call still runs are skipped, and counted.
   * `delay`: one interval after the call before has ended.
   * @defaultValue 'rate'
   */
  readonly mode?: 'rate' | 'delay'
  /**
   * What an error of a call does: become a warning, or fail the service.
   * @defaultValue 'log'
   */
  readonly onError?: 'fail' | 'log'
}

export interface CronOptions {
  /**
   * The zone that the fields are read in, such as `Europe/Stockholm`.
   * @defaultValue the machine's
   */
  readonly timezone?: string
  /**
   * What an error of a call does: become a warning, or fail the service.
   * @defaultValue 'log'
   */
  readonly onError?: 'fail' | 'log'
}

/** The static form: method name → its interval, its cron specification, or the options of its task. */
export type BackgroundMap = Readonly<
  Record<
    string,
    ({ readonly every: Duration } & TimerOptions) | ({ readonly cron: string } & CronOptions) | TaskOptions
  >
>

type Declaration =
  | { readonly kind: 'task'; readonly options: TaskOptions }
  | { readonly kind: 'timer'; readonly intervalMs: number; readonly options: TimerOptions }
  | { readonly kind: 'cron'; readonly spec: string; readonly options: CronOptions }

/** A declaration with the method that it is about. */
export interface Job {
  readonly name: string
  readonly run: (this: object, signal: AbortSignal) => unknown
  readonly declaration: Declaration
}

/** By function, as in access/expose.ts. */
const declarations = oncePerThread('background', () => new WeakMap<object, Declaration>())

type Method = (...args: never[]) => unknown
type MethodDecorator = (method: Method, context: ClassMethodDecoratorContext) => void

/** Runs the method as a task, which begins when RUNNING is entered. It gets the task's signal. */
export function task(method: Method, context: ClassMethodDecoratorContext): void
export function task(options?: TaskOptions): MethodDecorator
export function task(
  given: Method | TaskOptions = {},
  context?: ClassMethodDecoratorContext,
): MethodDecorator | undefined {
  if (context !== undefined) requireDecoratedMethod('@task', context)
  if (typeof given !== 'function') return declare('@task', () => asTask(given, '@task'))
  declare('@task', () => asTask({}, '@task'))(given, context!)
  return undefined
}

/**
 * Calls the method again and again while RUNNING, never two calls at a time. A stop waits for the call that runs.
 *
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, when the class is defined
 */
export function timer(every: Duration, options: TimerOptions = {}): MethodDecorator {
  return declare('@timer', (subject) => asTimer(every, options, subject))
}

/**
 * Calls the method at the times of a cron specification of five fields, or six with seconds, while RUNNING; never two
 * calls at a time. Times that have gone by are skipped. A stop waits for the call that runs.
 *
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, when the service is loaded, for a specification that can't be read
 */
export function cron(spec: string, options: CronOptions = {}): MethodDecorator {
  return declare('@cron', (subject) => asCron(spec, options, subject))
}

/**
 * Finds what a class declares; the nearest method of a name counts.
 *
 * @param base where the search ends
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for a static form that can't be right
 */
export function jobsOf(type: { readonly name: string; readonly prototype: object }, base: object): Job[] {
  const jobs = new Map<string, Job | undefined>()
  for (let at = type.prototype; at !== base && at !== null; at = Object.getPrototypeOf(at)) {
    const declared = staticField<BackgroundMap>(at, 'background') ?? {}
    for (const name of new Set([...Object.keys(declared), ...Object.getOwnPropertyNames(at)])) {
      if (jobs.has(name) || name === 'constructor') continue
      const run = Object.getOwnPropertyDescriptor(at, name)?.value as Job['run'] | undefined
      const subject = `"${name}" in the static field "background" of "${type.name}"`
      if (Object.hasOwn(declared, name) && typeof run !== 'function')
        throw new BadOptionsError(`${subject} is no method`)
      const declaration = Object.hasOwn(declared, name)
        ? fromStatic(declared[name]!, subject)
        : typeof run === 'function' && declarations.get(run)
      jobs.set(name, declaration ? { name, run: run!, declaration } : undefined)
    }
  }
  return [...jobs.values()].filter((job) => job !== undefined)
}

function declare(decorator: string, make: (subject: string) => Declaration): MethodDecorator {
  return (method, context) => {
    const subject = requireDecoratedMethod(decorator, context)
    if (declarations.has(method))
      throw new BadOptionsError(`${subject}: the method is a task, timer or cron job already`)
    declarations.set(method, make(subject))
  }
}

function fromStatic(entry: BackgroundMap[string], subject: string): Declaration {
  if (typeof entry !== 'object' || entry === null)
    throw new BadOptionsError(`${subject} needs options, found ${String(entry)}`)
  if ('every' in entry) {
    const { every, ...options } = entry
    return asTimer(every, options, subject)
  }
  if ('cron' in entry) {
    const { cron: spec, ...options } = entry
    return asCron(spec, options, subject)
  }
  return asTask(entry as TaskOptions, subject)
}

const asTask = (options: TaskOptions, subject: string): Declaration => ({
  kind: 'task',
  options: checkTaskOptions(options, subject),
})

function asTimer(every: Duration, options: TimerOptions, subject: string): Declaration {
  requireOptions(subject, options, ['immediate', 'mode', 'onError'])
  checkChoice(options.mode, ['rate', 'delay'], `${subject}: "mode"`)
  checkChoice(options.onError, ['fail', 'log'], `${subject}: "onError"`)
  return { kind: 'timer', intervalMs: toIntervalMs(every, subject), options }
}

function asCron(spec: string, options: CronOptions, subject: string): Declaration {
  requireOptions(subject, options, ['timezone', 'onError'])
  checkChoice(options.onError, ['fail', 'log'], `${subject}: "onError"`)
  return { kind: 'cron', spec, options }
}

function checkChoice(value: unknown, known: readonly string[], subject: string): void {
  if (value === undefined || known.includes(value as string)) return
  throw new BadOptionsError(`${subject} must be one of ${known.join(', ')}, found ${String(value)}`)
}
