import { type Context, Pool, type StateChange } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { ServiceEvents } from '../../packages/runtime/src/services/service-events.ts'
import { StateChanges } from '../../packages/runtime/src/services/state-changes.ts'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Calculator } from '../fixtures/services/calculator.ts'
import type { Finite } from '../fixtures/services/finite.ts'
import type { Fragile } from '../fixtures/services/fragile.ts'

const calculator = { name: 'calculator', module: fixture('calculator.ts') }

const seen = (changes: readonly StateChange[]) => changes.map(({ state, cause }) => `${state} by ${cause}`)

/** All changes until the iterator ends. */
async function all(changes: AsyncIterable<StateChange>): Promise<StateChange[]> {
  const read: StateChange[] = []
  for await (const change of changes) read.push(change)
  return read
}

describe.each(KINDS)('in a %s:', (kind) => {
  it('who waits for a state that does not come is told when the pool, or the context, is closed', async () => {
    await using pool = new Pool()
    const place = await placeOf(pool, kind)
    const handle = await place.spawn<Calculator>(calculator)
    const closed = { code: 'ERR_TROUPE_POOL_CLOSED', message: expect.stringContaining('will not be FAILED') }
    const waiting = expect(handle.waitFor('FAILED')).rejects.toMatchObject(closed)
    const stopped = handle.waitFor('STOPPED')
    if (place === pool) await pool.close()
    else await (place as Context).close()
    await stopped
    await waiting
    await expect(handle.waitFor('FAILED')).rejects.toMatchObject(closed)
    await handle.waitFor('STOPPED')
  })

  describe('the changes of a service', () => {
    it('are told from the moment of the call, none missed and none twice, in one order with what each is owed to', async () => {
      const pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Calculator>(calculator)
      const fromTheStart = handle.changes()
      const heard: StateChange[] = []
      handle.on('state', (change) => heard.push(change))
      await handle.start()
      const late = handle.changes()
      await handle.pause()
      await handle.restart()
      await pool.close()
      expect(seen(await all(fromTheStart))).toEqual([
        'PREPARING by start',
        'PAUSED by start',
        'STARTING by start',
        'RUNNING by start',
        'PAUSING by pause',
        'PAUSED by pause',
        'STOPPING by restart',
        'STOPPED by restart',
        'PREPARING by restart',
        'PAUSED by restart',
        'STARTING by restart',
        'RUNNING by restart',
        'PAUSING by close',
        'PAUSED by close',
        'STOPPING by close',
        'STOPPED by close',
      ])
      expect(await all(late)).toEqual(heard.slice(4))
    })

    it('tell how long each move took, and which object it was', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Calculator>(calculator)
      const changes = handle.changes()
      await handle.start()
      await pool.close()
      for (const { state, durationMs, generation } of await all(changes)) {
        expect(state.endsWith('ING') && state !== 'RUNNING' ? durationMs === undefined : durationMs! >= 0, state).toBe(
          true,
        )
        expect(generation).toBe(state === 'PREPARING' ? 0 : 1)
      }
    })

    it.each([
      [
        'a body that ended',
        'end',
        ['PAUSING by finish', 'PAUSED by finish', 'STOPPING by finish', 'STOPPED by finish'],
      ],
      ['a body that threw', 'fail', ['FAILED by failure', 'STOPPED by close']],
    ] as const)('name %s', async (_, how, causes) => {
      const pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Finite>({ name: 'finite', module: fixture('finite.ts') })
      const changes = handle.changes()
      await handle.proxy[how]('no more')
      await handle.finished.catch(() => {})
      await pool.close()
      expect(seen(await all(changes))).toEqual(causes)
    })

    it('name the supervision that brings a service back', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Fragile>({
        name: 'fragile',
        module: fixture('fragile.ts'),
        options: {},
        supervision: { restart: 'permanent' },
      })
      const changes = handle.changes()
      handle.kill()
      const read: StateChange[] = []
      for await (const change of changes) {
        read.push(change)
        if (change.state === 'RUNNING') break
      }
      expect(seen(read).slice(0, 2)).toEqual(['FAILED by failure', 'PREPARING by restart'])
    })

    it('end at once on a handle of a closed pool', async () => {
      const pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Calculator>(calculator)
      await pool.close()
      expect(await all(handle.changes())).toEqual([])
    })
  })

  describe('listeners of a service', () => {
    it('all hear all changes in one order, also what one of them brings about', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Fragile>({
        name: 'fragile',
        module: fixture('fragile.ts'),
        options: {},
      })
      const first: string[] = []
      const second: string[] = []
      let stopped: Promise<void> | undefined
      handle.on('state', ({ state }) => {
        first.push(state)
        if (state === 'FAILED') stopped = handle.stop()
      })
      handle.on('state', ({ state }) => second.push(state))
      handle.on('failed', () => {
        first.push('failed')
        second.push('failed')
      })
      handle.kill()
      await handle.finished.catch(() => {})
      await stopped
      expect(first).toEqual(['FAILED', 'failed', 'STOPPED'])
      expect(second).toEqual(first)
    })
  })
})

describe('an iterator of changes', () => {
  const change = (generation: number): StateChange => ({
    state: 'RUNNING',
    previous: 'STARTING',
    cause: 'start',
    durationMs: 1,
    generation,
  })

  it('gives its listener back when its loop is left', async () => {
    const events = new ServiceEvents()
    const changes = new StateChanges('subject', events)
    events.emit('state', change(1))
    events.emit('state', change(2))
    for await (const { generation } of changes) {
      expect(generation).toBe(1)
      break
    }
    expect(events.listenerCount('state')).toBe(0)
    expect(await changes.next()).toEqual({ done: true, value: undefined })
  })

  it('ends for all who wait, and only after what had come before', async () => {
    const events = new ServiceEvents()
    const changes = new StateChanges('subject', events)
    events.emit('state', change(1))
    const reads = [changes.next(), changes.next(), changes.next()]
    events.emit('state', change(2))
    events.end()
    expect((await Promise.all(reads)).map(({ value }) => value?.generation)).toEqual([1, 2, undefined])
    expect(events.listenerCount('state')).toBe(0)
  })

  it('that is 8,192 changes behind gives these, and then rejects instead of missing one', async () => {
    const events = new ServiceEvents()
    const changes = new StateChanges('subject', events)
    for (let generation = 1; generation <= 8_193; generation++) events.emit('state', change(generation))
    for (let generation = 1; generation <= 8_192; generation++) {
      expect((await changes.next()).value?.generation).toBe(generation)
    }
    await expect(changes.next()).rejects.toMatchObject({ code: 'ERR_TROUPE_MAILBOX_FULL' })
    expect(await changes.next()).toEqual({ done: true, value: undefined })
  })
})

describe('listeners', () => {
  it.each([
    [
      'throws',
      () => {
        throw new RangeError('bad listener')
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('bad listener'))],
  ] as const)('one that %s is logged, and the others still hear', async (_, bad) => {
    const events = new ServiceEvents()
    const warned = new Promise((resolve) => process.once('warning', resolve))
    const heard: unknown[] = []
    events.on('restarted', bad)
    events.on('restarted', (generation) => heard.push(generation))
    events.emit('restarted', 2)
    expect(heard).toEqual([2])
    expect(await warned).toMatchObject({ name: 'RangeError', message: 'bad listener' })
  })
})
