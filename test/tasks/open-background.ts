/** A service's background work on a clock that the test moves, without a thread. */
import { ManualClock } from '@troupe/worker-host/testing'
import { Background, type ReadyJob, readyJobs } from '../../packages/worker-host/src/tasks/background.ts'
import { jobsOf } from '../../packages/worker-host/src/tasks/declarations.ts'
import type { TaskFunction } from '../../packages/worker-host/src/tasks/task.ts'

export interface OpenOptions {
  readonly body?: TaskFunction
  readonly maxTasks?: number
  readonly clock?: ManualClock
  /** Its class declares jobs. */
  readonly target?: object
}

/** STARTING has begun; `enter` brings it to RUNNING. */
export function beginBackground({ maxTasks = 1_000, clock = new ManualClock() }: OpenOptions = {}) {
  const reports: string[] = []
  const background = new Background({ service: () => 'subject', state: () => 'STOPPED', clock: () => clock })
  const report = (subject: string, thrown?: unknown) =>
    reports.push(thrown instanceof Error ? `${subject}: ${thrown.message}` : subject)
  const begin = () => background.begin({ maxTasks, report })
  begin()
  return { background, clock, reports, begin, tasks: background.tasks }
}

/** RUNNING has been entered. */
export async function openBackground({ body, target = {}, ...options }: OpenOptions = {}) {
  const begun = beginBackground(options)
  const enter = async () => begun.background.enter(body, target, await jobsIn(target))
  await enter()
  return { ...begun, enter }
}

const jobsIn = (target: object): Promise<readonly ReadyJob[]> =>
  readyJobs(jobsOf(target.constructor as { name: string; prototype: object }, Object.prototype))

/** Ends when its signal tells it to. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

/** Everything that follows by promises alone has happened. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
