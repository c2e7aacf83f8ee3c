import { Pool, type ServiceState } from '@troupe/runtime'
import { ManualClock } from '@troupe/worker-host/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { expectPath } from './diagram.ts'
import { Stage } from './stage.ts'

/** Every move, the state it is seen by, and how to get to it. */
const MOVES = {
  prepare: { via: 'PREPARING', exportName: 'Staged', lead: [], ask: 'pause', to: 'PAUSED' },
  start: { via: 'STARTING', exportName: 'Staged', lead: ['pause'], ask: 'start', to: 'RUNNING' },
  pause: { via: 'PAUSING', exportName: 'Staged', lead: ['start'], ask: 'pause', to: 'PAUSED' },
  stop: { via: 'STOPPING', exportName: 'Staged', lead: ['start', 'pause'], ask: 'stop', to: 'STOPPED' },
  boot: { via: 'PREPARING', exportName: 'Shortcut', lead: [], ask: 'start', to: 'RUNNING' },
  quickStop: { via: 'STOPPING', exportName: 'Shortcut', lead: ['start'], ask: 'stop', to: 'STOPPED' },
} as const
const HOOKS = Object.keys(MOVES) as (keyof typeof MOVES)[]

describe.each(KINDS)('in a %s:', (kind) => {
  describe.each(HOOKS)('when the hook "%s"', (hook) => {
    const { via, exportName, lead, ask, to } = MOVES[hook]
    const led = async (stage: Stage) => {
      for (const step of lead) await stage.handle[step]()
      stage.states.length = 0
    }
    const failedOf = (stage: Stage) => new Promise<unknown>((resolve) => stage.handle.on('failed', resolve))

    it.each(['throw', 'reject'] as const)(
      '%ss: FAILED, cleaned up once, and every promise tells the cause',
      async (part) => {
        await using pool = new Pool()
        using stage = new Stage(await placeOf(pool, kind), { exportName, parts: { [hook]: part } })
        await led(stage)
        const failed = failedOf(stage)
        const reason = { code: 'ERR_TROUPE_START_FAILED', cause: { name: 'RangeError', message: `${hook} is broken` } }
        await expect(stage.handle[ask]()).rejects.toMatchObject(reason)
        expect(await failed).toMatchObject(reason)
        await expect(stage.handle.finished).rejects.toMatchObject(reason)
        await expect(stage.handle.start()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING', cause: reason })
        await expect(stage.handle.pause()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING', cause: reason })
        await stage.hears('cleanup')
        expect(stage.heard.filter((told) => told === 'cleanup')).toHaveLength(1)
        expect(stage.states).toEqual([via, 'FAILED'])
        expect(stage.handle.stats()).toMatchObject({ threads: 0, pending: 0, queued: 0 })
      },
    )

    it('never ends: FAILED by the deadline, its thread is killed, and nothing hangs', async () => {
      const clock = new ManualClock()
      await using pool = new Pool({ clock })
      using stage = new Stage(await placeOf(pool, kind), { exportName, parts: { [hook]: 'hang' } })
      await led(stage)
      const failed = failedOf(stage)
      const moved = expect(stage.handle[ask]()).rejects.toMatchObject({ cause: { code: 'ERR_TROUPE_DEADLINE' } })
      await stage.hears(hook)
      await clock.advance(10_000)
      await moved
      await failed
      expect(stage.states).toEqual([via, 'FAILED'])
      expect(stage.handle.stats().threads).toBe(0)
    })

    it('is told to a listener that throws: it is logged, and the move goes on', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), { exportName })
      await led(stage)
      const warned = new Promise((resolve) => process.once('warning', resolve))
      stage.handle.on('state', ({ state }) => {
        if (state === via) throw new RangeError(`bad listener of ${via}`)
      })
      await stage.handle[ask]()
      expect(stage.states).toEqual([via, to])
      expect(await warned).toMatchObject({ message: `bad listener of ${via}` })
    })

    it('throws and so does the clean-up: both errors are told, the first one first, and listeners hear', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), { exportName, parts: { [hook]: 'throw', cleanup: 'reject' } })
      await led(stage)
      const failed = failedOf(stage)
      const errors = [{ cause: { message: `${hook} is broken` } }, { message: 'cleanup is broken' }]
      await expect(stage.handle[ask]()).rejects.toMatchObject(errors[0]!)
      expect(await failed).toMatchObject({ name: 'AggregateError', errors })
      await expect(stage.handle.finished).rejects.toMatchObject({ name: 'AggregateError', errors })
      expect(stage.states).toEqual([via, 'FAILED'])
    })
  })

  describe('any sequence of goals and kills', () => {
    const step = fc.constantFrom('start', 'pause', 'stop', 'restart', 'kill', 'turn', 'call')
    const ENDS = { start: 'RUNNING', pause: 'PAUSED', stop: 'STOPPED', restart: 'RUNNING' } as const

    it('takes a path of the diagram, settles every promise and reaches the last goal, or tells the failure', async () => {
      await using pool = new Pool()
      const place = await placeOf(pool, kind)
      const sequences = fc.array(step, { minLength: 2, maxLength: 12 })
      await fc.assert(
        fc.asyncProperty(sequences, fc.constantFrom('Staged', 'Shortcut'), async (steps, exportName) => {
          using stage = new Stage(place, { exportName, name: `staged-${crypto.randomUUID()}` })
          const { handle } = stage
          const promises: Promise<unknown>[] = []
          const calls: Promise<unknown>[] = [] // they may wait for as long as it is PAUSED
          let goal: ServiceState = 'STOPPED'
          for (const action of steps) {
            if (action === 'turn') await new Promise((resolve) => setImmediate(resolve))
            else if (action === 'call') calls.push(handle.proxy.ping().catch(() => 'refused'))
            else if (action === 'kill') handle.kill()
            else {
              goal = ENDS[action]
              promises.push(handle[action]().catch((error: unknown) => error))
            }
          }
          await Promise.all(promises)
          if (handle.state !== goal) {
            expect(handle.state, steps.join(' ')).toBe('FAILED')
            await expect(handle.finished).rejects.toThrow()
            await handle.stop()
          }
          expectPath(stage.states as ServiceState[])
          await handle.stop()
          await Promise.all(calls)
          expect(handle.stats()).toMatchObject({ state: 'STOPPED', threads: 0, pending: 0, queued: 0 })
        }),
        { numRuns: kind === 'thread' ? 15 : 8 },
      )
    })
  })
})
