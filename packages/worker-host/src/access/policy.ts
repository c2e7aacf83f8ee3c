/**
 * Who may call a method.
 *
 * A policy is asked with the caller's identity, which is the context that the port belongs to: it is never read from a
 * message, so no caller can claim another's. Policies guard against mistakes and confused deputies, not against hostile
 * code in the same process.
 */
import { BadOptionsError } from '../errors/catalogue.ts'
import type { ContextId } from './context-id.ts'

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
  /** Anything but `true` refuses the call, a promise too; so does what it throws, which becomes a warning in the thread. */
  abstract isAuthorized(question: CallQuestion): boolean
}

/** A policy, or its class when it takes no arguments: `@expose(AllowAny)`. */
export type PolicyLike = Policy | (new () => Policy)

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for none at all, and for what is no policy */
export function toPolicies(given: readonly PolicyLike[], subject: string): readonly Policy[] {
  if (given.length === 0) throw new BadOptionsError(`${subject} needs at least one policy`)
  return given.map((policy) => {
    const made = typeof policy === 'function' && policy.prototype instanceof Policy ? new policy() : policy
    if (made instanceof Policy) return made
    throw new BadOptionsError(`${subject} needs a Policy such as AllowAny, found ${String(policy)}`)
  })
}
