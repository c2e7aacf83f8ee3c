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
import { BadOptionsError } from '../errors/catalogue.ts'
import { type Policy, type PolicyLike, toPolicies } from './policy.ts'

/** The static form: method name → its policies. */
export type ExposedMap = Readonly<Record<string, PolicyLike | readonly PolicyLike[]>>

// `Symbol.metadata` is missing from Node 26, so a decorator's word is kept by function. On globalThis, because two
// copies of this package in one thread (the host's and the author's) must find each other's entries.
const REGISTRY = Symbol.for('@troupe/worker-host:exposed')
const shared = globalThis as { [REGISTRY]?: WeakMap<object, readonly Policy[]> }
shared[REGISTRY] ??= new WeakMap()
const exposures = shared[REGISTRY]

/**
 * Lets those whom the policies admit call the method. Several policies must all agree.
 *
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, when the class is defined, on a static, private or symbol-named
 *   method and on what is no policy
 */
export function expose(...policies: readonly PolicyLike[]) {
  return <Method extends (...args: never[]) => unknown>(method: Method, context: ClassMethodDecoratorContext): void => {
    const subject = `@expose on "${String(context.name)}"`
    if (context.private || context.static || typeof context.name === 'symbol') {
      throw new BadOptionsError(`${subject} needs a public instance method with a string for a name`)
    }
    exposures.set(method, toPolicies(policies, subject))
  }
}

export const policiesOf = (method: object): readonly Policy[] | undefined => exposures.get(method)
