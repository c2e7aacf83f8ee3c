import { Pool, type ServiceState } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { contextOf, KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Calculator } from '../fixtures/services/calculator.ts'
import type { Finite } from '../fixtures/services/finite.ts'
import type { Fragile } from '../fixtures/services/fragile.ts'
import type { Recorder } from '../fixtures/services/recorder.ts'

const calculator = { name: 'calculator', module: fixture('calculator.ts') }

describe.each(KINDS)('in a %s:', (kind) => {
  describe('a life', () => {
    it('calls each hook once, in its state, in the order of the moves', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const spec = { name: 'recorder', module: fixture('recorder.ts'), options: { notes: notes.path } }
      const handle = (await placeOf(pool, kind)).add<Recorder>(spec)
      await handle.start()
      await handle.pause()
      await handle.start()
      await handle.stop()
      expect(notes.lines).toEqual([
        'prepare PREPARING 1 false',
        'start STARTING 1 false',
        'run RUNNING 1 false',
        'pause PAUSING 1 false',
        'run ends PAUSING 1 false',
        'start STARTING 1 false',
        'run RUNNING 1 false',
        'pause PAUSING 1 false',
        'run ends PAUSING 1 false',
        'stop STOPPING 1 true',
      ])
    })

    it('tells each state with the one before', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Calculator>(calculator)
      const seen: [ServiceState, ServiceState][] = []
      handle.on('state', ({ state, previous }) => seen.push([previous, state]))
      await handle.start()
      await handle.stop()
      expect(seen).toEqual([
        ['STOPPED', 'PREPARING'],
        ['PREPARING', 'PAUSED'],
        ['PAUSED', 'STARTING'],
        ['STARTING', 'RUNNING'],
        ['RUNNING', 'PAUSING'],
        ['PAUSING', 'PAUSED'],
        ['PAUSED', 'STOPPING'],
        ['STOPPING', 'STOPPED'],
      ])
    })

    it('is a new incarnation after STOPPED: fresh thread and object, same handle and proxy', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Calculator>(calculator)
      const { proxy } = handle
      await handle.stop()
      expect(handle.stats().threads).toBe(0)
      await handle.start()
      expect(handle.generation).toBe(2)
      const context = contextOf(kind, 'calculator')
      expect(await proxy.threadState()).toBe(`calculator RUNNING root/${context} 2`)
      expect(handle.proxy).toBe(proxy)
    })

    it('is not hurt by a listener that throws: what it throws is a warning', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Calculator>(calculator)
      const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
      handle.on('state', () => {
        throw new Error('a bad listener')
      })
      await handle.start()
      expect(handle.state).toBe('RUNNING')
      expect((await warned).message).toBe('a bad listener')
    })

    it('waitFor resolves in the state, now or later, and rejects when it fails for good first, or has done so', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Fragile>({
        name: 'fragile',
        module: fixture('fragile.ts'),
        options: {},
      })
      const running = handle.waitFor('RUNNING')
      await handle.waitFor('STOPPED')
      await handle.start()
      await running
      const failed = {
        code: 'ERR_TROUPE_NOT_RUNNING',
        cause: { code: 'ERR_TROUPE_SERVICE_CRASHED', exitCode: 7 },
      }
      const asked = [handle.waitFor('PAUSED')]
      handle.on('failed', () => void asked.push(handle.waitFor('PAUSED')))
      const waited = Promise.allSettled(asked)
      await expect(handle.proxy.breakNow('exit')).rejects.toMatchObject({ exitCode: 7 })
      await waited
      asked.push(handle.waitFor('RUNNING'))
      expect(await Promise.allSettled(asked)).toMatchObject(Array(3).fill({ status: 'rejected', reason: failed }))
      await handle.waitFor('FAILED')
    })
  })

  describe('calls', () => {
    it('wait while the service is PAUSED, and are answered when it runs again', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Calculator>(calculator)
      await handle.pause()
      const waiting = [handle.proxy.add(1, 2), handle.proxy.add(3, 4)]
      expect(handle.stats()).toMatchObject({ queued: 2, pending: 0 })
      await handle.start()
      expect(await Promise.all(waiting)).toEqual([3, 7])
    })

    it('wait while the service is on its way to RUNNING', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Calculator>(calculator)
      const started = handle.start()
      expect(handle.state).toBe('PREPARING')
      expect(await handle.proxy.add(1, 2)).toBe(3)
      await started
    })

    it.each(['added', 'stopped'])('reject at once with NOT_RUNNING when the service is only %s', async (how) => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Calculator>(calculator)
      if (how === 'stopped') {
        await handle.start()
        await handle.stop()
      }
      await expect(handle.proxy.add(1, 2)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
      expect(handle.stats().queued).toBe(0)
    })

    it('that run when it is stopped are answered first, and new ones are refused meanwhile', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Calculator>({ ...calculator, invoker: 'serialized' })
      const running = handle.proxy.addLater(1, 2)
      const queued = handle.proxy.add(3, 4)
      const stopped = handle.stop()
      await expect(handle.proxy.add(5, 6)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
      expect(await running).toBe(3)
      expect(await queued).toBe(7)
      await stopped
    })

    it('that outlast the grace of a stop reject with NOT_RUNNING', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Calculator>({ ...calculator, graceMs: 20 })
      const endless = expect(handle.proxy.waitAt('never')).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
      await handle.stop()
      await endless
      expect(handle.stats()).toMatchObject({ state: 'STOPPED', pending: 0, queued: 0, threads: 0 })
    })

    it('that wait reject at once when it is stopped without draining', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Calculator>(calculator)
      await handle.pause()
      const waiting = expect(handle.proxy.add(1, 2)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
      const stopped = handle.stop({ drain: false })
      expect(handle.stats().queued).toBe(0)
      await waiting
      await stopped
    })

    it('are taken again when a start supersedes a stop that is draining', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Calculator>(calculator)
      const running = handle.proxy.waitAt('gate')
      await handle.proxy.add(1, 1)
      const stopped = expect(handle.stop()).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
      await handle.start()
      await stopped
      expect(await handle.proxy.open('gate')).toBe(true)
      expect(await running).toBe(1)
    })
  })

  describe('finished', () => {
    it('resolves with "completed" when the body ends by itself, and the service is STOPPED', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Finite>({ name: 'finite', module: fixture('finite.ts') })
      await handle.proxy.end()
      expect(await handle.finished).toBe('completed')
      expect(handle.state).toBe('STOPPED')
    })

    it('resolves with "stopped" when the service was asked to stop', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Finite>({ name: 'finite', module: fixture('finite.ts') })
      await handle.stop()
      expect(await handle.finished).toBe('stopped')
    })

    it('rejects with what the body threw, and the service is FAILED', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Finite>({ name: 'finite', module: fixture('finite.ts') })
      const finished = handle.finished
      await handle.proxy.fail('no more')
      await expect(finished).rejects.toThrow(new TypeError('no more'))
      expect(handle.state).toBe('FAILED')
    })

    it('rejects with the errors of the body and of its tasks, in the order they happened', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Finite>({ name: 'finite', module: fixture('finite.ts') })
      const { finished } = handle
      await handle.proxy.spawnSore('sore')
      await handle.proxy.fail('no more')
      await expect(finished).rejects.toMatchObject({
        name: 'AggregateError',
        errors: [
          { name: 'TypeError', message: 'no more' },
          { name: 'RangeError', message: 'sore' },
        ],
      })
    })

    it('is a new promise after a new start', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Finite>({ name: 'finite', module: fixture('finite.ts') })
      await handle.stop()
      const first = handle.finished
      await handle.start()
      expect(handle.finished).not.toBe(first)
      await handle.proxy.end()
      expect(await handle.finished).toBe('completed')
    })
  })
})
