/** What a pool is told about a service, and what is wrong with it if it is. */
import type { ResourceLimits } from 'node:worker_threads'
import { BadOptionsError, messageOf, NotCloneableError } from '@troupe/worker-host'
import { findUncloneable } from '@troupe/worker-host/owner'
import { ConcurrentInvoker, type Invoker } from '../calls/invoker.ts'
import { moduleUrl } from '../modules/module-url.ts'
import type { Supervision } from '../supervision/restart-limit.ts'
import { supervisionProblems } from '../supervision/supervision-problems.ts'
import { resourceLimitProblems } from '../threads/resource-limits.ts'
import { isName, nameProblem } from './context-spec.ts'
import { unknownKeys } from './required.ts'
import { type InvokerSpec, invokerProblems, toInvoker } from './service-invoker.ts'

/** The options that a service class takes: those of its `Service<Options>`. */
type OptionsOf<S> = S extends { readonly options: infer Options } ? Options : unknown

interface CommonSpec {
  /** Unique in the pool; up to 200 characters, without `/`, which parts contexts. */
  readonly name: string
  /** A `file:` URL, best `new URL('../pool/views.ts', import.meta.url)`, or an absolute path. TypeScript is built on loading. */
  readonly module: URL | string
  /** The class's export, when the module has several services. */
  readonly exportName?: string
  /**
   * How calls reach the service: by name, or one that is configured; or for each method, and under `*` for all of them:
   * `{ vacuum: 'serialized', fetch: (next) => new RetryInvoker({}, next), '*': 'concurrent' }`.
   * @defaultValue 'concurrent'
   */
  readonly invoker?: InvokerSpec
  /**
   * How the calls of other services come: by a link straight to the service's thread, which is made after a few of them, or
   * each through the pools that own them. Only the `concurrent` invoker and a service of one thread have links.
   * @defaultValue 'direct' where that can be
   */
  readonly link?: 'direct' | 'routed'
  /**
   * Threads that each run an object of the class; for stateless services. Each call goes to the thread that has the
   * fewest. A thread that dies is replaced while the others go on.
   * @defaultValue 1
   */
  readonly threads?: number
  /**
   * `parent`: it lives in the thread, and the context, of the service that brings it up, so that an application of a
   * hundred small services needs no hundred threads. All else is as in a thread of its own, but what can only be ended
   * with its thread (a hook past its deadline, a kill) ends its parent's too.
   * @defaultValue 'own'
   */
  readonly thread?: 'own' | 'parent'
  /** Limits of each thread's heap and stack, as `new Worker` takes them. @unit mebibytes */
  readonly resourceLimits?: ResourceLimits
  readonly supervision?: Supervision
  /** Names of services of the same pool that must be up before it; with `pool.spawn` and `pool.start` they are. */
  readonly dependsOn?: readonly string[]
  /**
   * Longest time a hook (prepare, start, pause, stop) may take; past it the service fails and its thread is killed.
   * @unit milliseconds @defaultValue 10_000
   */
  readonly transitionMs?: number
  /**
   * Longest time that a stop waits for the calls that are in the mailbox or running; and that its tasks may take to
   * end. Past that they are named in a warning, the service fails, and its thread is killed.
   * @unit milliseconds @defaultValue 10_000
   */
  readonly graceMs?: number
  /**
   * Live tasks that one task, or the body, may have spawned; one more is an error to whoever spawns it.
   * @defaultValue 1_000
   */
  readonly maxTasks?: number
}

/** `options` may be left out only when the class takes none. */
export type ServiceSpec<S = unknown> = CommonSpec &
  (undefined extends OptionsOf<S> ? { readonly options?: OptionsOf<S> } : { readonly options: OptionsOf<S> })

/** A specification with nothing left open. */
export interface CheckedSpec {
  readonly name: string
  readonly module: URL
  readonly exportName: string | undefined
  readonly options: unknown
  readonly invoker: Invoker
  readonly link: 'direct' | 'routed'
  readonly threads: number
  readonly resourceLimits: ResourceLimits | undefined
  readonly supervision: Required<Supervision>
  readonly dependsOn: readonly string[]
  readonly transitionMs: number
  readonly graceMs: number
  readonly maxTasks: number
}

/** Some 23 days. Node takes a timer of more than 2 ** 31 ms for one of 1 ms. */
const MAX_MS = 2_000_000_000

const LINKS: readonly unknown[] = ['direct', 'routed', undefined]
const KNOWN_KEYS = [
  'name',
  'module',
  'exportName',
  'options',
  'invoker',
  'link',
  'thread',
  'threads',
  'resourceLimits',
  'supervision',
  'dependsOn',
  'transitionMs',
  'graceMs',
  'maxTasks',
]

/**
 * @param registered the invoker that `pool.register` has set for this name
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS with all that is wrong, not the first only
 * @throws {NotCloneableError} ERR_TROUPE_NOT_CLONEABLE when `options` can't be copied to a thread
 */
export function checkSpec(spec: CommonSpec & { readonly options?: unknown }, registered?: Invoker): CheckedSpec {
  const problems = [...problemsOf(spec)]
  if (problems.length > 0) throw new BadOptionsError(`service ${named(spec)}: ${problems.join('; ')}`)
  requireCloneable(spec.options, spec.name)
  const invoker = registered ?? toInvoker(spec.invoker)
  const isLinkable = isPlain(invoker) && (spec.threads ?? 1) === 1
  if (spec.link === 'direct' && !isLinkable) {
    throw new BadOptionsError(`service ${named(spec)}: "link" can be direct with the concurrent invoker and one thread`)
  }
  const { restart = 'temporary', maxRestarts = 3, withinMs = 5_000 } = spec.supervision ?? {}
  return {
    name: spec.name,
    module: moduleUrl(spec.module)!,
    exportName: spec.exportName,
    options: spec.options,
    invoker,
    link: isLinkable ? (spec.link ?? 'direct') : 'routed',
    threads: spec.threads ?? 1,
    resourceLimits: spec.resourceLimits,
    supervision: { restart, maxRestarts, withinMs },
    dependsOn: spec.dependsOn ?? [],
    transitionMs: spec.transitionMs ?? 10_000,
    graceMs: spec.graceMs ?? 10_000,
    maxTasks: spec.maxTasks ?? 1_000,
  }
}

function* problemsOf(spec: CommonSpec): Generator<string> {
  const { name, module, exportName, invoker, thread = 'own', threads = 1, transitionMs = 1, graceMs = 0 } = spec
  yield* unknownKeys(spec, KNOWN_KEYS)
  if (!isName(name)) yield nameProblem(name)
  if (moduleUrl(module) === undefined) {
    yield `"module" must be a file: URL or an absolute path, such as new URL('../pool/views.ts', import.meta.url), found ${messageOf(module)}`
  }
  if (exportName !== undefined && typeof exportName !== 'string') yield `"exportName" must be a text`
  yield* invokerProblems(invoker)
  if (thread === 'parent' && (threads > 1 || spec.resourceLimits !== undefined)) {
    yield `"threads" and "resourceLimits" are of a thread of its own, and "thread" is "parent"`
  } else if (thread !== 'own' && thread !== 'parent') yield `"thread" must be own or parent, found ${messageOf(thread)}`
  if (!LINKS.includes(spec.link)) yield `"link" must be direct or routed, found ${messageOf(spec.link)}`
  if (!isCount(threads) || threads > 1024)
    yield `"threads" must be a whole number from 1 to 1024, found ${messageOf(threads)}`
  yield* resourceLimitProblems(spec.resourceLimits)
  if (typeof transitionMs !== 'number' || !(transitionMs > 0 && transitionMs <= MAX_MS)) {
    yield `"transitionMs" must be a number of milliseconds above 0, up to ${MAX_MS}, found ${messageOf(transitionMs)}`
  }
  if (typeof graceMs !== 'number' || !(graceMs >= 0 && graceMs <= MAX_MS)) {
    yield `"graceMs" must be a number of milliseconds from 0 to ${MAX_MS}, found ${messageOf(graceMs)}`
  }
  const { dependsOn = [] } = spec
  if (!Array.isArray(dependsOn) || !dependsOn.every((one) => typeof one === 'string')) {
    yield `"dependsOn" must be a list of names`
  }
  if (!isCount(spec.maxTasks ?? 1)) yield `"maxTasks" must be a whole number from 1, found ${messageOf(spec.maxTasks)}`
  yield* supervisionProblems(spec.supervision)
}

function requireCloneable(options: unknown, name: string): void {
  try {
    structuredClone(options)
  } catch (cause) {
    const { path, found } = findUncloneable(options, 'options')
    throw new NotCloneableError(`service "${name}"`, path, found, { cause })
  }
}

/** A link takes calls past the invoker, so there must be nothing that it would do to them. */
const isPlain = (invoker: Invoker): boolean =>
  Object.getPrototypeOf(invoker) === ConcurrentInvoker.prototype && !invoker.queue.isSerialized

const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 1
const named = ({ name }: { readonly name: unknown }): string => JSON.stringify(name) ?? 'without a name'
