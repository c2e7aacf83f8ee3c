/** What is done about the threads of a service that has failed. */
import { DeadlineExceededError, StartFailedError } from '@troupe/worker-host'
import { ContextDiedError } from '../contexts/host-link.ts'
import type { Replica } from './replica.ts'

/** After it nothing can be asked of the service's thread: that is gone, or stuck. */
export function endsThread(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(endsThread)
  return error instanceof ContextDiedError || error instanceof DeadlineExceededError
}

/** A hook that met its deadline still holds its thread: nothing could begin there. */
export const isStuck = (error: unknown): boolean => error instanceof StartFailedError && endsThread(error.cause)

/** Runs `cleanup` where there is a thread for it, and lets the hosts go. @returns what the clean-up threw */
export async function cleanUp(dying: readonly Replica[], error: unknown): Promise<readonly unknown[]> {
  const isOver = isStuck(error)
  const results = await Promise.allSettled(isOver ? [] : dying.map((replica) => replica.cleanup(error)))
  for (const replica of dying) isOver ? replica.kill(error) : replica.discard(error)
  const reasons = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : result.value,
  )
  return reasons.filter((reason) => !(reason instanceof ContextDiedError))
}
