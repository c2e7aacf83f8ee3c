import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { admitRestart } from '../../packages/runtime/src/supervision/restart-limit.ts'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Fragile } from '../fixtures/services/fragile.ts'

const fragile = { name: 'fragile', module: fixture('fragile.ts'), options: {} }
const permanent = { ...fragile, supervision: { restart: 'permanent' } } as const

describe.each(KINDS)('in a %s:', (kind) => {
  describe('a crashed service', () => {
    it('stays FAILED by default, and a restart by hand brings it back with a fresh object', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Fragile>(fragile)
      await expect(handle.proxy.breakNow('exit')).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
      expect(handle.state).toBe('FAILED')
      await expect(handle.start()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING', cause: { exitCode: 7 } })
      await handle.restart()
      expect(await handle.proxy.ping()).toBe('pong from 2')
    })

    it('comes back by itself when it is permanent, and calls made meanwhile wait for it', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Fragile>(permanent)
      const restarted = new Promise((resolve) => handle.on('restarted', resolve))
      const crashed = handle.proxy.breakNow('exit')
      await expect(crashed).rejects.toMatchObject({ mayHaveRun: true })
      expect(await handle.proxy.ping()).toBe('pong from 2')
      expect(await restarted).toBe(2)
      expect(handle.stats()).toMatchObject({ state: 'RUNNING', generation: 2, restarts: 1 })
    })

    it('tells FAILED and then PREPARING, and `finished` goes on waiting', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Fragile>(permanent)
      const states: string[] = []
      handle.on('state', ({ state, previous }) => states.push(`${previous} → ${state}`))
      const { finished } = handle
      const restarted = new Promise((resolve) => handle.on('restarted', resolve))
      handle.kill()
      await restarted
      expect(states.slice(0, 2)).toEqual(['RUNNING → FAILED', 'FAILED → PREPARING'])
      expect(handle.finished).toBe(finished)
      await handle.stop()
      expect(await finished).toBe('stopped')
    })

    it('is given up after maxRestarts within the window, and every call that waits is told', async () => {
      await using pool = new Pool()
      const supervision = { restart: 'permanent', maxRestarts: 2, withinMs: 60_000 } as const
      const handle = await (await placeOf(pool, kind)).spawn<Fragile>({ ...fragile, supervision })
      for (let crash = 0; crash < 3; crash++) {
        await expect(handle.proxy.breakNow('exit')).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
      }
      await expect(handle.finished).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED', exitCode: 7 })
      expect(handle.stats()).toMatchObject({ state: 'FAILED', restarts: 2, queued: 0 })
    })

    it('whose first start fails is not restarted: the start tells', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Fragile>({ ...permanent, options: { faults: { start: 'throw' } } })
      await expect(handle.start()).rejects.toMatchObject({ cause: { code: 'E_FRAGILE' } })
      expect(handle.generation).toBe(1)
      expect(handle.state).toBe('FAILED')
    })

    it('does not come back when it was stopped while it crashed', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Fragile>({
        ...permanent,
        options: { faults: { stop: 'exit' } },
      })
      await expect(handle.stop()).rejects.toMatchObject({ code: 'ERR_TROUPE_START_FAILED' })
      expect(handle.stats()).toMatchObject({ state: 'FAILED', threads: 0, restarts: 0 })
    })

    it('can be restarted while it runs', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Fragile>(fragile)
      await handle.restart()
      expect(await handle.proxy.ping()).toBe('pong from 2')
    })

    it('that is restarted gives way to a stop that comes later', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Fragile>(fragile)
      const superseded = expect(handle.restart()).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
      await handle.stop()
      await superseded
      expect(handle.stats()).toMatchObject({ state: 'STOPPED', generation: 1 })
    })
  })
})

describe('the restart limit', () => {
  const limit = { maxRestarts: 3, withinMs: 5_000 }
  it.each([
    ['no restart before', [], 0, 'restart'],
    ['two in the window', [100, 200], 300, 'restart'],
    ['three in the window', [100, 200, 300], 400, 'giveUp'],
    ['the oldest at the window’s very edge', [0, 1_000, 2_000], 5_000, 'giveUp'],
    ['the oldest just out of the window', [0, 1_000, 2_000], 5_001, 'restart'],
    ['many, all long ago', [1, 2, 3, 4, 5, 6], 60_000, 'restart'],
  ] as const)('%s: %j at %i ms → %s', (_, history, nowMs, verdict) => {
    expect(admitRestart(history, nowMs, limit).verdict).toBe(verdict)
  })

  it('forgets what is out of the window, so its history is bounded', () => {
    expect(admitRestart([1, 2, 3, 9_000], 10_000, limit).recent).toEqual([9_000, 10_000])
  })

  it('of no restarts gives up at once', () => {
    expect(admitRestart([], 0, { maxRestarts: 0, withinMs: 5_000 }).verdict).toBe('giveUp')
  })
})

it.each([10, 1])(
  'all threads of a service that end at once leave none of their replacements: up to %d restarts',
  async (maxRestarts) => {
    await using pool = new Pool()
    const supervision = { restart: 'permanent', maxRestarts } as const
    const handle = await pool.spawn<Fragile>({ ...fragile, threads: 2, supervision })
    const told: string[] = []
    handle.on('restarted', () => told.push(handle.state))
    handle.kill()
    await handle.stop()
    expect(told.filter((state) => state !== 'RUNNING')).toEqual([])
    expect(handle.stats()).toMatchObject({ state: 'STOPPED', threads: 0 })
  },
)
