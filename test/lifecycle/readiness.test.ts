import { type Context, Pool } from '@troupe/runtime'
import { ManualClock } from '@troupe/worker-host/testing'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Readier, Readiness } from '../fixtures/services/readier.ts'

const BEGUN = 'its body begins, STARTING'

function add(place: Pool | Context, by: Readiness, { path: notes }: Notebook) {
  const handle = place.add<Readier>({
    name: 'readier',
    module: fixture('readier.ts'),
    exportName: 'Readier',
    options: { by, notes },
  })
  const states: string[] = []
  handle.on('state', ({ state }) => states.push(state))
  return { handle, states }
}

describe.each(KINDS)('in a %s:', (kind) => {
  describe('a service with readyOnCall', () => {
    it.each<Readiness>(['start', 'run', 'task', 'run returns, then a timer'])(
      'is RUNNING when `ready()` was called by its %s, and its body began before that; calls wait until then',
      async (by) => {
        await using pool = new Pool()
        using notes = new Notebook()
        const { handle, states } = add(await placeOf(pool, kind), by, notes)
        const started = handle.start()
        expect(await handle.proxy.ping()).toBe('pong, RUNNING')
        await started
        expect(states).toEqual(['PREPARING', 'PAUSED', 'STARTING', 'RUNNING'])
        expect(notes.lines).toEqual([BEGUN])
      },
    )

    it('has to call it for each start', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const { handle, states } = add(await placeOf(pool, kind), 'run', notes)
      await handle.start()
      await handle.pause()
      await handle.start()
      expect(states.slice(-4)).toEqual(['PAUSING', 'PAUSED', 'STARTING', 'RUNNING'])
    })

    it.each<Readiness>(['never', 'prepare'])('that calls it %s during its start fails by the deadline', async (by) => {
      const clock = new ManualClock()
      await using pool = new Pool({ clock })
      using notes = new Notebook()
      const { handle, states } = add(await placeOf(pool, kind), by, notes)
      const failed = expect(handle.start()).rejects.toMatchObject({
        code: 'ERR_TROUPE_START_FAILED',
        cause: { code: 'ERR_TROUPE_DEADLINE', limitMs: 10_000 },
      })
      await notes.until(BEGUN)
      await clock.advance(10_000)
      await failed
      expect(states).toEqual(['PREPARING', 'PAUSED', 'STARTING', 'FAILED'])
    })

    it.each([
      ['run throws', 'run is broken'],
      ['task throws', 'task is broken'],
    ] as const)('whose %s before it is ready fails at once, with that error', async (by, message) => {
      await using pool = new Pool()
      using notes = new Notebook()
      const { handle, states } = add(await placeOf(pool, kind), by, notes)
      await expect(handle.start()).rejects.toMatchObject({ cause: { name: 'RangeError', message } })
      expect(states.at(-1)).toBe('FAILED')
    })

    it.each(['stop', 'pause'] as const)(
      'gives up by itself when a %s comes before it is ready: RUNNING is never told',
      async (goal) => {
        await using pool = new Pool()
        using notes = new Notebook()
        const { handle, states } = add(await placeOf(pool, kind), 'never', notes)
        const superseded = expect(handle.start()).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
        await notes.until(BEGUN)
        await handle[goal]()
        await superseded
        expect(states.slice(0, 4)).toEqual(['PREPARING', 'PAUSED', 'STARTING', 'STOPPED'])
        expect(states).not.toContain('RUNNING')
        expect(handle.state).toBe(goal === 'stop' ? 'STOPPED' : 'PAUSED')
      },
    )
  })

  it('ready() does nothing in a service that has no need of it', async () => {
    await using pool = new Pool()
    const handle = await (await placeOf(pool, kind)).spawn({
      name: 'plain',
      module: fixture('readier.ts'),
      exportName: 'Plain',
    })
    expect(handle.state).toBe('RUNNING')
  })
})
