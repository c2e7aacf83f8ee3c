/** What a pool is told about a context, and what is wrong with it if it is. */
import { type ResourceLimits, Worker } from 'node:worker_threads'
import { BadOptionsError, messageOf } from '@troupe/worker-host'
import { AllowedModules } from '../activation/allowed-modules.ts'
import { requireModule } from '../modules/module-url.ts'
import { resourceLimitProblems } from '../threads/resource-limits.ts'
import { checkThreadLimits, type ThreadLimits } from '../threads/thread-limits.ts'
import { requireObject, unknownKeys } from './required.ts'

export type ContextKind = 'thread' | 'process'

export interface ContextSpec {
  /** Unique among the pool's contexts and services; up to 200 characters, without `/`, which parts contexts. */
  readonly name: string
  /**
   * A process of its own holds what a thread can't: native crashes, `process.chdir`, an `abort`. It shares no memory.
   * @defaultValue 'thread'
   */
  readonly kind?: ContextKind
  /** Limits of the thread's heap and stack, as `new Worker` takes them; not for a process. @unit mebibytes */
  readonly resourceLimits?: ResourceLimits
  /** The environment variables of the context. @defaultValue a copy of the owner's */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** As the pool's `threads`, for those of the contexts below this one. @defaultValue those of its pool */
  readonly threads?: ThreadLimits
  /** As the pool's `modules`, for the services that are activated in the context. @defaultValue what its pool admits */
  readonly modules?: readonly (URL | string)[]
  /** Node's own options for the context, such as `--expose-gc`. @defaultValue the owner's */
  readonly execArgv?: readonly string[]
}

const KNOWN_KEYS = ['name', 'kind', 'resourceLimits', 'env', 'execArgv', 'modules', 'threads']

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS with all that is wrong */
export function checkContextSpec(spec: ContextSpec): ContextSpec {
  requireObject("a context's specification", '{ name }', spec)
  const problems = [...problemsOf(spec)]
  if (problems.length > 0) throw new BadOptionsError(`context ${JSON.stringify(spec.name)}: ${problems.join('; ')}`)
  checkThreadLimits(spec.threads, 0)
  if (spec.modules !== undefined) new AllowedModules(spec.modules.map(requireModule)) // its own pool will make the same
  return spec
}

function* problemsOf(spec: ContextSpec): Generator<string> {
  yield* unknownKeys(spec, KNOWN_KEYS)
  if (!isName(spec.name)) yield nameProblem(spec.name)
  const { kind = 'thread', execArgv = [], env = {}, resourceLimits, modules } = spec
  if (kind !== 'thread' && kind !== 'process') yield `"kind" must be thread or process, found ${JSON.stringify(kind)}`
  if (kind === 'process' && resourceLimits !== undefined) {
    yield `"resourceLimits" are of a thread; those of a process are options of Node: execArgv: ['--max-old-space-size=512']`
  }
  yield* resourceLimitProblems(resourceLimits)
  if (!isListOfTexts(execArgv)) yield `"execArgv" must be a list of texts`
  else if (kind === 'thread' && spec.execArgv !== undefined) yield* execArgvProblems(execArgv)
  if (!isEnvironment(env)) yield `"env" must be an object of texts`
  if (modules !== undefined && !Array.isArray(modules)) yield `"modules" must be a list of files and folders`
}

const isListOfTexts = (list: unknown): boolean => Array.isArray(list) && list.every((one) => typeof one === 'string')

const isEnvironment = (env: unknown): boolean =>
  typeof env === 'object' &&
  env !== null &&
  !Array.isArray(env) &&
  Object.values(env).every((value) => value === undefined || typeof value === 'string')

/** Only Node knows which of its options a thread can have; it says so before it starts one. */
function* execArgvProblems(execArgv: readonly string[]): Generator<string> {
  try {
    void new Worker('', { eval: true, execArgv: [...execArgv] }).terminate()
  } catch (error) {
    yield `"execArgv" has what a thread can't: ${messageOf(error)}`
  }
}

/** A name is one step of a path; with a `#` at its start it is Troupe's own. */
export const isName = (name: unknown): boolean => typeof name === 'string' && /^(?!#|\.{1,2}$)[^/\0]{1,200}$/.test(name)

export const nameProblem = (name: unknown): string =>
  `"name" must be a text of 1 to 200 characters without "/", not begin with "#", and not be "." or "..", found ${JSON.stringify(name)}`

/** Of a service that is put into a context: what its thread is like has been decided. */
const OF_ITS_THREAD = ['thread', 'threads', 'resourceLimits'] as const

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS when the service wants a thread of its own */
export function requireTenant<Spec extends { readonly name: string }>(spec: Spec): Spec {
  requireObject("a service's specification", '{ name, module }', spec)
  const given = OF_ITS_THREAD.filter((key) => (spec as Record<string, unknown>)[key] !== undefined)
  if (given.length === 0) return spec
  throw new BadOptionsError(
    `service "${spec.name}": ${given.map((key) => `"${key}"`).join(', ')} belongs to a thread, and this service is put into one that is there`,
  )
}
