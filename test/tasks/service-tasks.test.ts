import { type Context, Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Ticker } from '../fixtures/services/ticker.ts'
import type { Finisher, Step, Striver, Workshop } from '../fixtures/services/workshop.ts'

const striver = { name: 'striver', module: fixture('workshop.ts'), exportName: 'Striver' }
const ticker = { name: 'ticker', module: fixture('ticker.ts'), exportName: 'Ticker' }

/** A workshop that writes down its steps. */
const openWorkshop = (place: Pool | Context, { path: notes }: Notebook, breaks: readonly Step[] = []) =>
  place.spawn<Workshop>({
    name: 'workshop',
    module: fixture('workshop.ts'),
    exportName: 'Workshop',
    options: { notes, breaks },
  })

const nextWarning = (code: string): Promise<Error> =>
  new Promise((resolve) => {
    const onWarning = (warning: Error & { code?: string }): void => {
      if (warning.code !== code) return
      process.off('warning', onWarning)
      resolve(warning)
    }
    process.on('warning', onWarning)
  })

describe.each(KINDS)('in a %s:', (kind) => {
  describe('a stop', () => {
    const ORDER: Step[] = ['pause', 'child', 'parent', 'run', 'stop', 'resource', 'deferred']

    it('ends the pause hook, tasks leaves first, run, the stop hook and what was deferred, in this order', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const workshop = await openWorkshop(await placeOf(pool, kind), notes)
      await workshop.stop()
      expect(notes.lines).toEqual(ORDER)
      expect(workshop.state).toBe('STOPPED')
    })

    it.each(ORDER)('leaves no step out when "%s" throws, and tells its error', async (step) => {
      await using pool = new Pool()
      using notes = new Notebook()
      const workshop = await openWorkshop(await placeOf(pool, kind), notes, [step])
      await expect(workshop.stop()).rejects.toMatchObject({
        code: 'ERR_TROUPE_START_FAILED',
        cause: { message: `${step} is broken` },
      })
      expect(notes.lines.filter((heard) => heard !== 'cleanup')).toEqual(ORDER)
      expect(workshop.stats()).toMatchObject({ state: 'FAILED', threads: 0 })
    })

    it('tells the errors of all steps, in the order they happened', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const workshop = await openWorkshop(await placeOf(pool, kind), notes, ORDER)
      const error: AggregateError = await workshop.stop().then(
        () => expect.unreachable(),
        (thrown) => thrown,
      )
      const messages = (thrown: unknown): string[] => {
        if (thrown instanceof AggregateError) return thrown.errors.flatMap(messages)
        const { cause, message } = thrown as Error
        return cause === undefined ? [message] : messages(cause)
      }
      expect(messages(error)).toEqual(ORDER.map((step) => `${step} is broken`))
    })

    it('that is called off fails the service with what its pause threw', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const workshop = await openWorkshop(await placeOf(pool, kind), notes, ['pause'])
      workshop.on('state', ({ state }) => state === 'PAUSING' && void workshop.start().catch(() => {}))
      const stopped = expect(workshop.stop()).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
      await stopped
      await expect(workshop.waitFor('RUNNING')).rejects.toMatchObject({
        cause: { cause: { message: 'pause is broken' } },
      })
    })

    it('ends at once the sleep of a call that runs, which is answered', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Striver>(striver)
      const slumber = handle.proxy.slumber()
      expect(await handle.proxy.mood()).toBe('asleep')
      await handle.stop()
      expect(await slumber).toBe('slept the whole hour: false, state RUNNING')
    })

    it('ends at once the sleep of a hook that runs', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add({ ...striver, exportName: 'Sleeper' })
      const started = expect(handle.start()).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
      await handle.waitFor('STARTING')
      await handle.stop()
      await started
      expect(handle.state).toBe('STOPPED')
    })

    it('lets tasks with onStop: await end by themselves', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Striver>(striver)
      await handle.proxy.spawn('graceful', 'swan')
      await handle.stop()
      expect(await handle.finished).toBe('stopped')
    })

    it('past the grace names the tasks in a warning, kills the thread, and its outcome says so', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Striver>({ ...striver, graceMs: 20 })
      await handle.proxy.spawn('deaf', 'post')
      await handle.proxy.spawn('deaf', 'wall')
      const warned = nextWarning('TROUPE_UNFINISHED')
      await expect(handle.stop()).rejects.toMatchObject({
        code: 'ERR_TROUPE_START_FAILED',
        cause: { code: 'ERR_TROUPE_DEADLINE', limitMs: 20, message: expect.stringContaining('2 tasks "post", "wall"') },
      })
      expect((await warned).message).toBe(
        'service "striver" could not end 2 tasks "post", "wall" within 20 ms: its thread is killed',
      )
      await expect(handle.finished).rejects.toMatchObject({ cause: { code: 'ERR_TROUPE_DEADLINE' } })
      expect(handle.stats()).toMatchObject({ state: 'FAILED', threads: 0 })
    })

    it('kills the thread of a task that blocks it, by the deadlines of the grace and the hook', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Striver>({ ...striver, graceMs: 20, transitionMs: 1_000 })
      await handle.proxy.spawn('spinning', 'top')
      await expect(handle.stop()).rejects.toMatchObject({ cause: { code: 'ERR_TROUPE_DEADLINE', limitMs: 1_020 } })
      expect(handle.stats()).toMatchObject({ state: 'FAILED', threads: 0 })
    })
  })

  it('closing the pool names the tasks that outlast the grace as well', async () => {
    const pool = new Pool()
    const handle = await (await placeOf(pool, kind)).spawn<Striver>({ ...striver, graceMs: 20 })
    await handle.proxy.spawn('deaf', 'post')
    const warned = nextWarning('TROUPE_UNFINISHED')
    await pool.close()
    expect((await warned).message).toContain('task "post"')
  })

  describe('a failing task', () => {
    it('fails the service: calls in flight reject with SERVICE_CRASHED, its sleeps end, `finished` rejects with its error', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Striver>(striver)
      const slumber = expect(handle.proxy.slumber()).rejects.toMatchObject({
        code: 'ERR_TROUPE_SERVICE_CRASHED',
        cause: { name: 'RangeError', message: 'fetch failed' },
      })
      const finished = expect(handle.finished).rejects.toThrow(new RangeError('fetch failed'))
      await handle.proxy.spawn('failing', 'fetch').catch(() => {}) // its answer and the failure may cross
      await slumber
      await finished
      expect(handle.state).toBe('FAILED')
    })

    it('ends the other tasks, whose errors join its own in the order they happened', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Striver>(striver)
      await handle.proxy.spawn('two failing', 'pair').catch(() => {})
      await expect(handle.finished).rejects.toMatchObject({
        name: 'AggregateError',
        errors: [new RangeError('first'), new TypeError('second')],
      })
    })

    it('is followed by a restart where the supervision says so', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Striver>({
        ...striver,
        supervision: { restart: 'permanent' },
      })
      const restarted = new Promise((resolve) => handle.on('restarted', resolve))
      await handle.proxy.spawn('failing', 'fetch').catch(() => {})
      expect(await restarted).toBe(2)
      expect(await handle.proxy.mood()).toBe('idle')
    })

    it('that is a daemon which has just ended fails it with DaemonTaskExitError', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Striver>(striver)
      await handle.proxy.spawn('daemon', 'beat').catch(() => {})
      await expect(handle.finished).rejects.toMatchObject({
        name: 'DaemonTaskExitError',
        code: 'ERR_TROUPE_DAEMON_EXIT',
        message: expect.stringContaining('"beat"'),
      })
    })
  })

  describe('a service', () => {
    it('whose body has returned lives as long as its tasks, and finishes then', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Finisher>({ ...striver, exportName: 'Finisher' })
      expect((await handle.tasks()).running).toEqual(['last'])
      expect(handle.state).toBe('RUNNING')
      await handle.proxy.open()
      expect(await handle.finished).toBe('completed')
    })

    it('tells how many tasks it had, and the names of those that run', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Striver>(striver)
      const none = { total: 0, finished: 0, pending: 0, running: [], timers: [] }
      expect(await handle.tasks()).toEqual(none)
      await handle.start()
      await handle.proxy.spawn('waiting', 'one')
      await handle.proxy.spawn('waiting', 'two')
      expect(await handle.tasks()).toEqual({ ...none, total: 2, pending: 2, running: ['one', 'two'] })
      await handle.proxy.open()
      expect(await handle.tasks()).toEqual({ ...none, total: 2, finished: 2 })
      await handle.stop()
      expect(await handle.tasks()).toEqual(none)
    })

    it('with maxTasks live tasks refuses one more, to its spawner only', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Striver>({ ...striver, maxTasks: 1 })
      await handle.proxy.spawn('waiting', 'one')
      await expect(handle.proxy.spawn('waiting', 'two')).rejects.toMatchObject({ code: 'ERR_TROUPE_TOO_MANY_TASKS' })
      expect(handle.state).toBe('RUNNING')
      expect((await handle.tasks()).running).toEqual(['one'])
      await handle.proxy.open()
    })

    it('tells a time-out from what it waited for', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Striver>(striver)
      const raced = handle.proxy.raceGate()
      await handle.proxy.open()
      expect(await raced).toEqual([{ outcome: 'timedOut' }, { outcome: 'settled', values: [undefined] }])
    })

    it.each([0, 1.5, '5'])('is refused with maxTasks %o', (maxTasks) => {
      const pool = new Pool()
      expect(() => pool.add({ ...striver, maxTasks: maxTasks as number })).toThrow(
        expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }),
      )
    })
  })

  describe('what a class declares', () => {
    it('begins when RUNNING is entered: tasks, timers and cron jobs', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Ticker>(ticker)
      expect(await handle.proxy.advance(0)).toEqual(['follow RUNNING', 'flush'])
      expect(await handle.proxy.advance(15_000)).toEqual(['never in an heir', 'flush', 'beat 1'])
      expect(await handle.proxy.advance(15_000)).toEqual([
        'never in an heir',
        'flush',
        'rollUp',
        'beat 2',
        'never in an heir',
        'flush',
      ])
      const { running, timers } = await handle.tasks()
      expect(running).toEqual(['follow', 'heart'])
      expect(timers).toEqual([
        { name: 'flush', calls: 4, skipped: 0 },
        { name: 'rollUp', calls: 1, skipped: 0 },
        { name: 'replaced', calls: 3, skipped: 0 },
      ])
    })

    it('ends on a pause, and begins anew on the next start', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Ticker>(ticker)
      await handle.pause()
      expect((await handle.tasks()).running).toEqual([])
      await handle.start()
      const heard = await handle.proxy.advance(10_000)
      expect(heard.slice(0, 5)).toEqual([
        'follow RUNNING',
        'flush',
        'follow ends PAUSING true',
        'follow RUNNING',
        'flush',
      ])
      expect(heard.slice(5)).toEqual(['never in an heir', 'flush'])
    })

    it('a subclass replaces by a method of the same name', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Ticker>({ ...ticker, exportName: 'TickerHeir' })
      await handle.proxy.advance(0)
      expect(await handle.proxy.advance(20_000)).toEqual(['beat 1', 'replaced'])
    })

    it('can be declared without decorators', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Ticker>({
        name: 'plain',
        module: fixture('plain-ticker.mjs'),
      })
      expect(await handle.proxy.advance(20_000)).toEqual(['follow', 'flush', 'flush', 'rollUp', 'flush'])
    })

    it('with a cron specification that can not be read does not start', async () => {
      await using pool = new Pool()
      const spawned = (await placeOf(pool, kind)).spawn({
        name: 'bad',
        module: fixture('ticker.ts'),
        exportName: 'BadCron',
      })
      await expect(spawned).rejects.toMatchObject({
        code: 'ERR_TROUPE_START_FAILED',
        cause: { code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining('@cron on "never"') },
      })
    })
  })
})
