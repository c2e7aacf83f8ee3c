/** What a thread threw, as its caller gets it. */
import { decodeThrown, type ThrownData } from '@troupe/worker-host/owner'

/** For a `MakeError`: the method's frames come first, then those of whoever awaits the job, which are all that is below it. */
export function rebuildThrown(data: ThrownData, job: () => never): unknown {
  const here: { stack?: unknown } = {}
  Error.captureStackTrace(here, job)
  const { stack } = here // a text, unless somebody's `Error.prepareStackTrace` makes another thing of it
  const frames = typeof stack === 'string' ? stack.split('\n').filter((line) => line.startsWith('    at ')) : []
  const thrown = decodeThrown(data, frames.map((line) => `\n${line}`).join(''))
  if (thrown instanceof Error) remote.add(thrown)
  return thrown
}

const remote = new WeakSet<Error>()

/**
 * True for what a thread threw: the method has been reached, whatever the error says. One that a nested call of the
 * method met, a full mailbox, has the same class as one that kept this call from ever being sent.
 */
export const isFromThread = (error: unknown): boolean => !(error instanceof Error) || remote.has(error)
