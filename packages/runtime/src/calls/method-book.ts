/** What can be called at the other end of a link. */
import type { ContextId } from '@troupe/worker-host'
import { isAdmitted, type MethodDescription } from '@troupe/worker-host/owner'
import type { CallTerms } from './call.ts'

export interface MethodBook {
  /** Methods at the other end; 0 where their list is not fixed, and each number stands for one caller's. */
  readonly size: number
  find(call: CallTerms): KnownMethod | undefined
}

export interface KnownMethod {
  readonly number: number
  readonly description: MethodDescription
  /** Verdicts of the policies, which depend on the caller alone. */
  readonly admitted: Map<ContextId, boolean>
  /** One of those whom they admit: the last that was asked for, who mostly is the next one too. */
  lastAdmitted: ContextId | undefined
}

/** Whether the policies that can be asked here admit the caller; each is asked once. */
export function admits(method: KnownMethod, caller: ContextId, context: ContextId, service: string): boolean {
  if (method.lastAdmitted === caller) return true
  const { admitted, description } = method
  let verdict = admitted.get(caller)
  if (verdict === undefined) {
    verdict = isAdmitted(description, caller, context, service)
    admitted.set(caller, verdict)
  }
  if (verdict) method.lastAdmitted = caller
  return verdict
}
