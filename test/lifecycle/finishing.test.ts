/** A service whose body has returned goes to STOPPED; what is asked of it on the way comes in the place of that. */
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Stage } from './stage.ts'

const MOVES = ['PREPARING', 'PAUSED', 'STARTING', 'RUNNING', 'PAUSING', 'PAUSED']

describe.each(KINDS)('in a %s: a service that finishes', (kind) => {
  it.each([
    ['start', [...MOVES, 'STARTING', 'RUNNING']],
    ['pause', MOVES],
    ['restart', [...MOVES, 'STOPPING', 'STOPPED', 'PREPARING', 'PAUSED', 'STARTING', 'RUNNING']],
  ] as const)('does not fail of a %s', async (question, states) => {
    await using pool = new Pool()
    const place = await placeOf(pool, kind)
    using stage = new Stage(place, { exportName: 'Brief', parts: { pause: 'wait for the gate' } })
    const { handle } = stage
    const failures: unknown[] = []
    handle.on('failed', (error) => failures.push(error))
    await handle.start()
    await stage.hears('pause')
    const asked = handle[question]()
    stage.openGate()
    await asked
    expect(stage.states.slice(0, states.length)).toEqual(states)
    expect(failures).toEqual([])
    await pool.close() // while the gate is there for the pause on the way
  })

  it('and whose stop fails leaves a restart that is asked for then alone', async () => {
    await using pool = new Pool()
    const place = await placeOf(pool, kind)
    using stage = new Stage(place, { exportName: 'Brief', parts: { stop: 'reject' }, isOnce: true })
    const { handle } = stage
    const failures: unknown[] = []
    let restarted: Promise<void> | undefined
    handle.on('failed', (error) => failures.push(error))
    handle.on('state', ({ state }) => {
      if (state === 'FAILED') restarted = handle.restart()
    })
    await handle.start()
    await expect(handle.finished).rejects.toMatchObject({ code: 'ERR_TROUPE_START_FAILED' })
    await restarted
    expect(failures).toHaveLength(1)
    expect(await handle.proxy.ping()).toBe('pong from 2')
  })
})
