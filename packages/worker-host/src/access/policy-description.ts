/**
 * Policies as data, so that the owner can ask them by itself, without a hop to the service's thread: those that come with
 * Troupe, and their combinations. An author's own is a class in the service's module, which only the thread has loaded.
 */
import {
  AllowAny,
  AllowChildren,
  AllowContexts,
  AllowParents,
  AllowSiblings,
  Combination,
} from './built-in-policies.ts'
import type { Policy } from './policy.ts'

export type PolicyDescription =
  | { readonly kind: keyof typeof PLAIN }
  | { readonly kind: 'AllowContexts'; readonly patterns: readonly string[] }
  | { readonly kind: 'allOf' | 'anyOf'; readonly policies: readonly PolicyDescription[] }

const PLAIN = { AllowAny, AllowParents, AllowChildren, AllowSiblings } as const

/** @returns undefined for a policy of an author's own, a subclass of a built-in one, and a combination that has such */
export function describePolicy(policy: Policy): PolicyDescription | undefined {
  // By the class itself: a subclass may have another mind, and a name can be anybody's.
  for (const [kind, type] of Object.entries(PLAIN)) {
    if (policy.constructor === type) return { kind: kind as keyof typeof PLAIN }
  }
  if (policy.constructor === AllowContexts) {
    return { kind: 'AllowContexts', patterns: (policy as AllowContexts).patterns }
  }
  if (policy.constructor !== Combination) return undefined
  const { kind, policies } = policy as Combination
  const described = policies.map(describePolicy).filter((description) => description !== undefined)
  return described.length === policies.length ? { kind, policies: described } : undefined
}

export function policyFrom(description: PolicyDescription): Policy {
  switch (description.kind) {
    case 'AllowContexts':
      return new AllowContexts(...description.patterns)
    case 'allOf':
    case 'anyOf':
      return new Combination(description.kind, description.policies.map(policyFrom))
    default:
      return new PLAIN[description.kind]()
  }
}
