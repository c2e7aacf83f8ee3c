/**
 * What is asked of a service that has failed, while it is being cleaned up, comes after that has been told: no hook of the
 * next object runs beside the clean-up, and no life is told of another's end.
 */
import { Pool, type RestartType, type ServiceHandle } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Stage } from './stage.ts'

const broken = { name: 'RangeError', message: 'task is broken' }
const done = { status: 'fulfilled' }
const refused = { status: 'rejected', reason: { code: 'ERR_TROUPE_NOT_RUNNING', cause: broken } }

interface Row {
  readonly asked: object
  /** Behind FAILED, which is told first. */
  readonly told: readonly string[]
}

const UP = ['PREPARING', 'PAUSED', 'STARTING', 'RUNNING']
const HALF_UP = ['PREPARING', 'PAUSED']

const ROWS: readonly (readonly [RestartType, 'start' | 'pause' | 'stop' | 'restart', Row])[] = [
  ['temporary', 'stop', { asked: done, told: ['STOPPED'] }],
  ['temporary', 'restart', { asked: done, told: UP }],
  ['temporary', 'start', { asked: refused, told: [] }],
  ['temporary', 'pause', { asked: refused, told: [] }],
  ['permanent', 'stop', { asked: done, told: ['STOPPED'] }],
  ['permanent', 'restart', { asked: done, told: UP }],
  ['permanent', 'start', { asked: done, told: UP }],
  ['permanent', 'pause', { asked: done, told: HALF_UP }],
]

const MOMENTS = ['as it hears of FAILED', 'while its clean-up runs'] as const

describe.each(KINDS)('in a %s:', (kind) => {
  describe.each(MOMENTS)('asked %s,', (moment) => {
    it.each(ROWS)('%s: %s', async (restart, question, { asked, told: rest }) => {
      await using pool = new Pool()
      const place = await placeOf(pool, kind)
      using stage = new Stage(place, {
        parts: { cleanup: 'wait for the gate' },
        isOnce: true,
        supervision: { restart },
      })
      const { handle } = stage
      await handle.start()
      const life = Promise.allSettled([handle.finished])
      const told: string[] = []
      let asking: Promise<PromiseSettledResult<void>[]> | undefined
      const ask = (handle: ServiceHandle<never>): void => {
        asking = Promise.allSettled([handle[question]()])
      }
      handle.on('failed', () => told.push('failed'))
      handle.on('state', ({ state }) => {
        told.push(state)
        if (state === 'FAILED' && moment === 'as it hears of FAILED') ask(handle as never)
      })

      await handle.proxy.breakTask()
      await stage.hears('cleanup of RangeError')
      if (asking === undefined) ask(handle as never)
      expect(told).toEqual(['FAILED'])
      const before = stage.heard.length
      stage.openGate()

      expect((await asking)![0]).toMatchObject(asked)
      expect(told).toEqual(['FAILED', 'failed', ...rest])
      expect(stage.heard.slice(before).filter((line) => line === 'prepare')).toHaveLength(
        rest.includes('PAUSED') ? 1 : 0,
      )
      if (restart === 'temporary') expect(await life).toMatchObject([{ status: 'rejected', reason: broken }])
      if (handle.state !== 'FAILED') await handle.stop()
      if (rest.includes('RUNNING') || restart === 'permanent') expect(await handle.finished).toBe('stopped')
    })
  })
})
