import type { ServiceState } from '@troupe/worker-host'
import { describe, expect, it } from 'vitest'
import { nextMove, type TargetState, TRANSITIONS } from '../../packages/runtime/src/lifecycle/transitions.ts'

const WAYS: readonly (readonly [from: ServiceState, to: TargetState, via: string | undefined])[] = [
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
    if (from === to) expect(TRANSITIONS.some((move) => move.from === from && (move.to as string) === to)).toBe(false)
    else expect(nextMove(from, to)?.via).toBe(via)
  })

  it('prefers a direct move to the way through PAUSED', () => {
    const table = [...TRANSITIONS, { from: 'RUNNING', to: 'STOPPED', via: 'STOPPING', hook: 'stop' }] as const
    expect(nextMove('RUNNING', 'STOPPED', table)?.via).toBe('STOPPING')
  })
})
