/**
 * What a class shows to callers: deny by default. A method can be called from outside only when its class says so, by
 * the decorator or, in plain JavaScript that nothing compiles, by a static field:
 *
 *     class Counter extends Service {
 *       @expose(AllowAny) increment(by = 1) { … }
 *     }
 *     class Counter extends Service {
 *       static exposed = { increment: AllowAny }
 *       increment(by = 1) { … }
 *     }
 *
 * An override is a new method: it is exposed only when it says so itself.
 */
import { oncePerThread } from '../copies/once-per-thread.ts'
import { BadOptionsError } from '../errors/catalogue.ts'
import { requireDecoratedMethod } from '../errors/require-decorated-method.ts'
import { isSchema, type Specs, type StandardSchema } from './argument-spec.ts'
import { Policy, type PolicyLike, toPolicies } from './policy.ts'

export interface ExposeOptions {
  /** What the list of arguments must be, by any Standard Schema: `z.tuple([z.url(), z.int().default(1)])`. */
  readonly args?: StandardSchema
  /** What the result must be; of a stream, each item. */
  readonly returns?: StandardSchema
  /**
   * `false` makes it a cast: the caller's promise resolves when the call has been handed over to the thread, whatever
   * becomes of it; what it throws becomes a warning at the owner.
   * @defaultValue true
   */
  readonly reply?: boolean
  /**
   * Running it twice does no more than running it once: an invoker may repeat a call of it.
   * @defaultValue false
   */
  readonly idempotent?: boolean
  /**
   * For a method that may not heed its call's signal: how long after that has aborted its thread is killed. To the
   * service that is a crash: neighbouring calls reject with `ERR_TROUPE_SERVICE_CRASHED`, and its supervision decides.
   * @unit milliseconds
   * @defaultValue never
   */
  readonly killAfterMs?: number
}

/** What a class says of a method: one or more policies, and perhaps options behind them. */
export type Exposing = readonly [...PolicyLike[], PolicyLike | ExposeOptions]

/** The static form: method name → its policy, or a list of what `expose` would be given. */
export type ExposedMap = Readonly<Record<string, PolicyLike | Exposing>>

/** What was said of a method, checked. */
export interface Exposure {
  readonly policies: readonly Policy[]
  readonly specs: Specs
  readonly isCast: boolean
  readonly isIdempotent: boolean
  readonly killAfterMs: number | undefined
}

// `Symbol.metadata` is missing from Node 26, so a decorator's word is kept by function.
const exposures = oncePerThread('exposed', () => new WeakMap<object, Exposure>())

/**
 * Lets those whom the policies admit call the method. Several policies must all agree. Options may stand last:
 * `@expose(AllowAny, { idempotent: true })`.
 *
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, when the class is defined, on a static, private or symbol-named
 *   method, on what is no policy, and on an unknown option
 */
export function expose(...exposing: Exposing) {
  return <Method extends (...args: never[]) => unknown>(method: Method, context: ClassMethodDecoratorContext): void => {
    exposures.set(method, toExposure(exposing, requireDecoratedMethod('@expose', context)))
  }
}

export const exposureOf = (method: object): Exposure | undefined => exposures.get(method)

export function toExposure(exposing: PolicyLike | Exposing, subject: string): Exposure {
  const given: readonly unknown[] = Array.isArray(exposing) ? exposing : [exposing]
  const last = given.at(-1)
  const options = isOptions(last) ? last : {}
  const policies = toPolicies((options === last ? given.slice(0, -1) : given) as readonly PolicyLike[], subject)
  const { args, returns, reply = true, idempotent = false, killAfterMs } = options
  const problems = [...problemsOf(options)]
  if (problems.length > 0) throw new BadOptionsError(`${subject}: ${problems.join('; ')}`)
  return { policies, specs: { args, returns }, isCast: !reply, isIdempotent: idempotent, killAfterMs }
}

const OPTIONS = ['args', 'returns', 'reply', 'idempotent', 'killAfterMs']

function* problemsOf({ args, returns, reply, idempotent, killAfterMs, ...unknown }: ExposeOptions): Generator<string> {
  const names = Object.keys(unknown)
  if (names.length > 0) yield `unknown option ${names.join(', ')}, known: ${OPTIONS.join(', ')}`
  for (const [name, schema] of Object.entries({ args, returns })) {
    if (schema !== undefined && !isSchema(schema)) yield `"${name}" must be a Standard Schema, found ${typeof schema}`
  }
  for (const [name, flag] of Object.entries({ reply, idempotent })) {
    if (flag !== undefined && typeof flag !== 'boolean') yield `"${name}" must be true or false, found ${typeof flag}`
  }
  if (killAfterMs !== undefined && !(killAfterMs >= 0)) {
    yield `"killAfterMs" must be a number of milliseconds from 0, found ${killAfterMs}`
  }
}

function isOptions(value: unknown): value is ExposeOptions {
  return typeof value === 'object' && value !== null && !(value instanceof Policy)
}
