import type { RestState, ServiceState } from '@troupe/worker-host'
import { TRANSITIONS } from '@troupe/worker-host/owner'
import { describe, expect, it } from 'vitest'
import { route } from '../../packages/runtime/src/lifecycle/transitions.ts'

const WAYS: readonly (readonly [from: ServiceState, to: RestState, via: string | undefined])[] = [
  ['STOPPED', 'STOPPED', undefined],
  ['STOPPED', 'PAUSED', 'PREPARING'],
  ['STOPPED', 'RUNNING', 'PREPARING'],
  ['PAUSED', 'STOPPED', 'STOPPING'],
  ['PAUSED', 'PAUSED', undefined],
  ['PAUSED', 'RUNNING', 'STARTING'],
  ['RUNNING', 'STOPPED', 'PAUSING'],
  ['RUNNING', 'PAUSED', 'PAUSING'],
  ['RUNNING', 'RUNNING', undefined],
  ['FAILED', 'RUNNING', undefined],
]

describe('the table of moves', () => {
  it.each(WAYS)('goes from %s to %s by %s first', (from, to, via) => {
    expect(route(from, to)[0]?.via).toBe(via)
  })

  it('prefers a direct move to the way through PAUSED', () => {
    const table = [...TRANSITIONS, { from: 'RUNNING', to: 'STOPPED', via: 'STOPPING', hook: 'stop' }] as const
    expect(route('RUNNING', 'STOPPED', table)[0]?.via).toBe('STOPPING')
  })
})
