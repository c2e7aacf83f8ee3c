/** What is done about the threads of a service that has failed. */
import { DeadlineExceededError, StartFailedError } from '@troupe/worker-host'
import { ContextDiedError } from '../contexts/host-link.ts'
import type { Replica } from './replica.ts'

/** After it nothing can be asked of the service's thread: that is gone, or stuck. */
export function endsThread(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(endsThread)
  return error instanceof ContextDiedError || error instanceof DeadlineExceededError
}

/** Runs `cleanup` where there is a thread for it, and lets the hosts go. @returns what the clean-up threw */
export async function cleanUp(dying: readonly Replica[], error: unknown): Promise<readonly unknown[]> {
  // A hook that met its deadline still holds its thread: no clean-up could begin there.
  const isStuck = error instanceof StartFailedError && endsThread(error.cause)
  const results = await Promise.allSettled(isStuck ? [] : dying.map((replica) => replica.cleanup(error)))
  for (const replica of dying) isStuck ? replica.kill(error) : replica.discard(error)
  const reasons = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : result.value,
  )
  return reasons.filter((reason) => !(reason instanceof ContextDiedError))
}
