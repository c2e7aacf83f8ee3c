/**
 * The policies that come with Troupe. By their place in the tree, contexts are parents, children or siblings of a
 * service's context, or none of that; each of the three policies admits one of these, so none admits what another does.
 *
 *     root ─┬─ api ─┬─ auth        to a service in `root/api`:
 *           │       └─ users         parents   root/api itself, root
 *           └─ db ──── backup        children  root/api/auth, root/api/users
 *                                    siblings  root/db
 *                                    others    root/db/backup
 */

import { BadOptionsError } from '../errors/catalogue.ts'
import { refusedBy } from './consent.ts'
import { isBelow, isWithin, parentOf } from './context-id.ts'
import { type CallQuestion, Policy, type PolicyLike, toPolicies } from './policy.ts'

/** Admits every caller. */
export class AllowAny extends Policy {
  isAuthorized(): boolean {
    return true
  }
}

/** Admits the service's own context and its ancestors. */
export class AllowParents extends Policy {
  isAuthorized({ caller, context }: CallQuestion): boolean {
    return isWithin(context, caller)
  }
}

/** Admits the contexts below the service's own, at any depth; not its own. */
export class AllowChildren extends Policy {
  isAuthorized({ caller, context }: CallQuestion): boolean {
    return isBelow(caller, context)
  }
}

/** Admits the contexts that have the same parent as the service's own; not its own, nor what is below the others. */
export class AllowSiblings extends Policy {
  isAuthorized({ caller, context }: CallQuestion): boolean {
    return caller !== context && context.includes('/') && parentOf(caller) === parentOf(context)
  }
}

/**
 * Admits the contexts that it names, wherever the service lives: `root/api` for that context alone, `root/api/**` for
 * those below it, at any depth.
 */
export class AllowContexts extends Policy {
  readonly patterns: readonly string[]

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for none at all, and for what is neither form */
  constructor(...patterns: readonly string[]) {
    super()
    if (patterns.length === 0) throw new BadOptionsError('AllowContexts needs the id of a context, such as "root/api"')
    for (const pattern of patterns) {
      if (typeof pattern === 'string' && PATTERN.test(pattern)) continue
      throw new BadOptionsError(
        `AllowContexts needs ids such as "root/api", or "root/api/**" for all below, found ${JSON.stringify(pattern)}`,
      )
    }
    this.patterns = patterns
  }

  isAuthorized({ caller }: CallQuestion): boolean {
    return this.patterns.some((pattern) => {
      return pattern.endsWith(ALL_BELOW) ? isBelow(caller, pattern.slice(0, -ALL_BELOW.length)) : caller === pattern
    })
  }
}

const ALL_BELOW = '/**'

/** A `*` elsewhere would be a mistake that admits nobody. */
const PATTERN = /^root(\/[^/*]+)*(\/\*\*)?$/

/** What several policies say together; made by `allOf` and `anyOf`. */
export class Combination extends Policy {
  readonly kind: 'allOf' | 'anyOf'
  readonly policies: readonly Policy[]

  constructor(kind: 'allOf' | 'anyOf', policies: readonly PolicyLike[]) {
    super()
    this.kind = kind
    this.policies = toPolicies(policies, kind)
  }

  isAuthorized(question: CallQuestion): boolean {
    const judge = `a policy of "${question.service}.${question.method}"`
    const admits = (policy: Policy): boolean => {
      const verdict: unknown = policy.isAuthorized(question)
      return verdict === true || refusedBy(verdict, judge)
    }
    return this.kind === 'allOf' ? this.policies.every(admits) : this.policies.some(admits)
  }
}

/** Admits whom every one of the policies admits. @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for none at all */
export const allOf = (...policies: readonly PolicyLike[]): Policy => new Combination('allOf', policies)

/** Admits whom at least one of the policies admits. @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for none at all */
export const anyOf = (...policies: readonly PolicyLike[]): Policy => new Combination('anyOf', policies)
