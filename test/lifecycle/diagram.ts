/** The diagram of states, as what may follow what; told apart from the tables that it is held against. */
import type { ServiceState } from '@troupe/worker-host'
import { expect } from 'vitest'

const NEXT: Readonly<Record<ServiceState, readonly ServiceState[]>> = {
  STOPPED: ['PREPARING'],
  PREPARING: ['PAUSED', 'RUNNING', 'STOPPED', 'STOPPING', 'FAILED'],
  PAUSED: ['STARTING', 'STOPPING', 'FAILED'],
  STARTING: ['RUNNING', 'STOPPED', 'STOPPING', 'FAILED'],
  RUNNING: ['PAUSING', 'STOPPING', 'FAILED'],
  PAUSING: ['PAUSED', 'STOPPED', 'STOPPING', 'FAILED'],
  STOPPING: ['STOPPED', 'FAILED'],
  FAILED: ['STOPPED', 'PREPARING'],
}

/** From STOPPED on, each state is one that may follow the one before. */
export function expectPath(states: readonly ServiceState[]): void {
  let from: ServiceState = 'STOPPED'
  for (const to of states) {
    expect(NEXT[from], `${from} → ${to} in ${states.join(' ')}`).toContain(to)
    from = to
  }
}
