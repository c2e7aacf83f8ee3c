/**
 * Who may call a method.
 *
 * A policy is asked with the caller's identity, which is the context that the port belongs to: it is never read from a
 * message, so no caller can claim another's. Policies guard against mistakes and confused deputies, not against hostile
 * code in the same process.
 */
import { BadOptionsError } from '../errors/catalogue.ts'

/** A context's place in the tree, as a path: `root`, `root/views`, `root/images/resize`. */
export type ContextId = string

/** What a policy is asked. */
export interface CallQuestion {
  /** The context that calls. */
  readonly caller: ContextId
  /** The context that the service lives in. */
  readonly context: ContextId
  readonly service: string
  readonly method: string
}

/** Subclass it for a rule of your own; it is asked in the service's thread, before the method runs. */
export abstract class Policy {
  abstract isAuthorized(question: CallQuestion): boolean
}

/** Admits every caller. */
export class AllowAny extends Policy {
  isAuthorized(): boolean {
    return true
  }
}

/** Admits the service's own context and its ancestors. */
export class AllowParents extends Policy {
  isAuthorized({ caller, context }: CallQuestion): boolean {
    return caller === context || context.startsWith(`${caller}/`)
  }
}

/** A policy, or its class when it takes no arguments: `@expose(AllowAny)`. */
export type PolicyLike = Policy | (new () => Policy)

/** The policies that the owner can ask by itself, without a hop to the service's thread. */
const PORTABLE: ReadonlyMap<string, new () => Policy> = new Map([
  ['AllowAny', AllowAny],
  ['AllowParents', AllowParents],
])

/** The name under which the owner knows a policy; undefined for an author's own, which only the thread can ask. */
export function portableName(policy: Policy): string | undefined {
  for (const [name, type] of PORTABLE) if (policy.constructor === type) return name
  return undefined
}

export function portablePolicy(name: string): Policy {
  const type = PORTABLE.get(name)
  if (type === undefined)
    throw new BadOptionsError(`no built-in policy "${name}", known: ${[...PORTABLE.keys()].join(', ')}`)
  return new type()
}

export function toPolicies(given: PolicyLike | readonly PolicyLike[], subject: string): readonly Policy[] {
  const list = Array.isArray(given) ? (given as readonly PolicyLike[]) : [given as PolicyLike]
  if (list.length === 0) throw new BadOptionsError(`${subject} needs at least one policy`)
  return list.map((policy) => {
    const made = typeof policy === 'function' && policy.prototype instanceof Policy ? new policy() : policy
    if (made instanceof Policy) return made
    throw new BadOptionsError(`${subject} needs a Policy such as AllowAny, found ${String(given)}`)
  })
}
