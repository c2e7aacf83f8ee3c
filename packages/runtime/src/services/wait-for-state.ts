/** `handle.waitFor(state)`: what it resolves with, and when it gives up. */
import { BadOptionsError, messageOf, NotRunningError, PoolClosedError, type ServiceState } from '@troupe/worker-host'
import type { StateChange } from './service-events.ts'
import type { ServiceRunner } from './service-runner.ts'

const STATES: readonly ServiceState[] = [
  'STOPPED',
  'PREPARING',
  'PAUSED',
  'STARTING',
  'RUNNING',
  'PAUSING',
  'STOPPING',
  'FAILED',
]

/** @throws as `ServiceHandle.waitFor` */
export async function waitForState(runner: ServiceRunner, name: string, state: ServiceState): Promise<void> {
  if (!STATES.includes(state)) {
    throw new BadOptionsError(`a state is one of ${STATES.join(', ')}, found ${messageOf(state)}`)
  }
  if (runner.state === state) return
  const { events, hasEnded, reconciler } = runner
  const failed = (cause: unknown): Error => new NotRunningError(name, 'FAILED', { cause })
  if (hasEnded && runner.state === 'FAILED') throw failed(reconciler.failure)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onState = (change: StateChange): void => {
    if (change.state === state) resolve()
  }
  const onFailed = (cause: unknown, willRestart: boolean): void => {
    if (!willRestart) reject(failed(cause))
  }
  const onEnd = (): void => reject(new PoolClosedError(`service "${name}" will not be ${state}`))
  events.on('state', onState)
  events.on('failed', onFailed)
  events.whenEnded(onEnd)
  try {
    await promise
  } finally {
    events.off('state', onState)
    events.off('failed', onFailed)
    events.forgetEnd(onEnd)
  }
}
