import { Pool } from '@troupe/runtime'
import { ManualClock } from '@troupe/worker-host/testing'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Readier, Readiness } from '../fixtures/services/readier.ts'

function add(pool: Pool, by: Readiness) {
  const pages = new Int32Array(new SharedArrayBuffer(4))
  const handle = pool.add<Readier>({
    name: 'readier',
    module: fixture('readier.ts'),
    exportName: 'Readier',
    options: { by, pages },
  })
  const states: string[] = []
  handle.on('state', ({ state }) => states.push(state))
  /** Its body runs, and it is STARTING. */
  const begun = async () => expect(await Atomics.waitAsync(pages, 0, 0).value).not.toBe('timed-out')
  return { handle, states, begun, hasBegunBefore: () => pages[0] === 1 }
}

describe('a service with readyOnCall', () => {
  it.each<Readiness>(['start', 'run', 'task', 'run returns, then a timer'])(
    'is RUNNING when `ready()` was called by its %s, and its body began before that; calls wait until then',
    async (by) => {
      await using pool = new Pool()
      const { handle, states, hasBegunBefore } = add(pool, by)
      const started = handle.start()
      expect(await handle.proxy.ping()).toBe('pong, RUNNING')
      await started
      expect(states).toEqual(['PREPARING', 'PAUSED', 'STARTING', 'RUNNING'])
      expect(hasBegunBefore()).toBe(true)
    },
  )

  it('has to call it for each start', async () => {
    await using pool = new Pool()
    const { handle, states } = add(pool, 'run')
    await handle.start()
    await handle.pause()
    await handle.start()
    expect(states.slice(-4)).toEqual(['PAUSING', 'PAUSED', 'STARTING', 'RUNNING'])
  })

  it.each<Readiness>(['never', 'prepare'])('that calls it %s during its start fails by the deadline', async (by) => {
    const clock = new ManualClock()
    await using pool = new Pool({ clock })
    const { handle, states, begun } = add(pool, by)
    const failed = expect(handle.start()).rejects.toMatchObject({
      code: 'ERR_TROUPE_START_FAILED',
      cause: { code: 'ERR_TROUPE_DEADLINE', limitMs: 10_000 },
    })
    await begun()
    await clock.advance(10_000)
    await failed
    expect(states).toEqual(['PREPARING', 'PAUSED', 'STARTING', 'FAILED'])
  })

  it.each([
    ['run throws', 'run is broken'],
    ['task throws', 'task is broken'],
  ] as const)('whose %s before it is ready fails at once, with that error', async (by, message) => {
    await using pool = new Pool()
    const { handle, states } = add(pool, by)
    await expect(handle.start()).rejects.toMatchObject({ cause: { name: 'RangeError', message } })
    expect(states.at(-1)).toBe('FAILED')
  })

  it.each(['stop', 'pause'] as const)(
    'gives up by itself when a %s comes before it is ready: RUNNING is never told',
    async (goal) => {
      await using pool = new Pool()
      const { handle, states, begun } = add(pool, 'never')
      const superseded = expect(handle.start()).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
      await begun()
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
  const handle = await pool.spawn({ name: 'plain', module: fixture('readier.ts'), exportName: 'Plain' })
  expect(handle.state).toBe('RUNNING')
})
