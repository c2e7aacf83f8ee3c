import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, narrowPlaceOf } from '../fixtures/kinds.ts'
import type { Fault, Fragile, Moment } from '../fixtures/services/fragile.ts'

const fragile = {
  name: 'fragile',
  module: fixture('fragile.ts'),
}

const OUT_OF_MEMORY = { thread: { cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' } }, process: { signal: 'SIGABRT' } }

describe.each(KINDS)('in a %s:', (kind) => {
  /** What the cause of a failure is, by the way the service broke. */
  const CAUSES: Readonly<Record<Exclude<Fault, 'hang'> | 'kill', object>> = {
    throw: { name: 'FragileError', code: 'E_FRAGILE' },
    reject: { name: 'FragileError', code: 'E_FRAGILE' },
    exit: { code: 'ERR_TROUPE_SERVICE_CRASHED', exitCode: 7 },
    outOfMemory: { code: 'ERR_TROUPE_SERVICE_CRASHED', ...OUT_OF_MEMORY[kind] },
    spin: { code: 'ERR_TROUPE_DEADLINE', limitMs: 500 },
    uncaught: { code: 'ERR_TROUPE_SERVICE_CRASHED', cause: { name: 'FragileError', code: 'E_FRAGILE' } },
    unhandled: { code: 'ERR_TROUPE_SERVICE_CRASHED', cause: { name: 'FragileError', code: 'E_FRAGILE' } },
    kill: { code: 'ERR_TROUPE_SERVICE_CRASHED', cause: { message: 'service "fragile" was killed' } },
  }
  const WAYS = Object.keys(CAUSES) as (keyof typeof CAUSES)[]
  const STATE_AT = { prepare: 'PREPARING', start: 'STARTING', pause: 'PAUSING', stop: 'STOPPING' } as const
  const HOOKS = Object.keys(STATE_AT) as (keyof typeof STATE_AT)[]

  describe.each(HOOKS)('a service that breaks in its "%s" hook', (hook) => {
    it.each(WAYS)('by %s: the move rejects with the cause, it is FAILED, and its thread is gone', async (way) => {
      await using pool = new Pool()
      // A killed service is one that hangs, and that the owner ends.
      const faults: Partial<Record<Moment, Fault>> = { [hook]: way === 'kill' ? 'hang' : way }
      // Only a spinning hook meets its deadline: the others must end long before theirs.
      const transitionMs = way === 'spin' ? 500 : 10_000
      const handle = (await narrowPlaceOf(pool, kind)).add<Fragile>({ ...fragile, options: { faults }, transitionMs })
      if (way === 'kill') handle.on('state', ({ state }) => state === STATE_AT[hook] && killSoon())
      // The hook has begun when the thread has answered the message after the one that told it to.
      const killSoon = () => setImmediate(() => handle.kill())
      const failed = new Promise((resolve) => handle.on('failed', resolve))

      const moved = (async () => {
        await handle.start()
        await handle.stop()
      })()

      await expect(moved).rejects.toMatchObject({ code: 'ERR_TROUPE_START_FAILED', cause: CAUSES[way] })
      await failed
      expect(handle.stats()).toMatchObject({ state: 'FAILED', pending: 0, queued: 0, threads: 0 })
      await expect(handle.finished).rejects.toMatchObject({ code: 'ERR_TROUPE_START_FAILED' })
    })
  })

  describe('a service that breaks in a call', () => {
    it.each(['throw', 'reject'] as const)(
      'by %s: that call rejects with the error, and the service goes on',
      async (way) => {
        await using pool = new Pool()
        const handle = await (await narrowPlaceOf(pool, kind)).spawn<Fragile>({ ...fragile, options: {} })
        await expect(handle.proxy.breakNow(way)).rejects.toMatchObject(CAUSES[way])
        expect(await handle.proxy.ping()).toBe('pong from 1')
      },
    )

    it.each(['exit', 'outOfMemory', 'uncaught', 'unhandled'] as const)(
      'by %s: the call rejects with SERVICE_CRASHED and the cause, and the service is FAILED',
      async (way) => {
        await using pool = new Pool()
        const handle = await (await narrowPlaceOf(pool, kind)).spawn<Fragile>({ ...fragile, options: {} })
        const failed = new Promise((resolve) => handle.on('failed', resolve))
        await expect(handle.proxy.breakNow(way)).rejects.toMatchObject({ ...CAUSES[way], mayHaveRun: true })
        await expect(handle.proxy.ping()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
        await failed
        expect(handle.stats()).toMatchObject({ state: 'FAILED', pending: 0, queued: 0, threads: 0 })
      },
    )

    it('by exit: what was answered in the same batch before it still arrives', async () => {
      await using pool = new Pool()
      const handle = await (await narrowPlaceOf(pool, kind)).spawn<Fragile>({ ...fragile, options: {} })
      const outcomes = await Promise.allSettled([
        handle.proxy.ping(),
        handle.proxy.ping(),
        handle.proxy.breakNow('exit'),
      ])
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
      expect(handle.stats()).toMatchObject({ succeeded: 2, failed: 1 })
    })

    it.each(['spin', 'hang'] as const)('by %s: a kill rejects the call at once', async (way) => {
      await using pool = new Pool()
      const handle = await (await narrowPlaceOf(pool, kind)).spawn<Fragile>({ ...fragile, options: {} })
      await handle.proxy.ping()
      const rejected = expect(handle.proxy.breakNow(way)).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
      await new Promise((resolve) => setImmediate(resolve))
      handle.kill()
      await rejected
      expect(handle.state).toBe('FAILED')
    })
  })

  describe('a service that breaks at other moments', () => {
    it('in its constructor: the start rejects with the error', async () => {
      await using pool = new Pool()
      const spawned = (await narrowPlaceOf(pool, kind)).spawn<Fragile>({
        ...fragile,
        options: { faults: { construct: 'throw' } },
      })
      await expect(spawned).rejects.toMatchObject({ code: 'ERR_TROUPE_START_FAILED', cause: { code: 'E_FRAGILE' } })
    })

    it('in its body: it is FAILED with what the body threw, and calls are refused', async () => {
      await using pool = new Pool()
      const handle = (await narrowPlaceOf(pool, kind)).add<Fragile>({
        ...fragile,
        options: { faults: { run: 'throw' } },
      })
      const failed = new Promise((resolve) => handle.on('failed', resolve))
      await handle.start()
      expect(await failed).toMatchObject({ code: 'E_FRAGILE', name: 'FragileError' })
      await expect(handle.proxy.ping()).rejects.toMatchObject({
        code: 'ERR_TROUPE_NOT_RUNNING',
        cause: { code: 'E_FRAGILE' },
      })
    })

    it('in its clean-up: that error joins the first, and listeners still hear', async () => {
      await using pool = new Pool()
      const handle = (await narrowPlaceOf(pool, kind)).add<Fragile>({
        ...fragile,
        options: { faults: { run: 'throw', cleanup: 'reject' } },
      })
      const failed = new Promise((resolve) => handle.on('failed', resolve))
      await handle.start()
      expect(await failed).toMatchObject({
        name: 'AggregateError',
        errors: [{ message: 'throw in run' }, { message: 'reject in cleanup' }],
      })
    })

    it.each([
      ['a module that does not exist', 'missing.ts', { code: 'ENOENT' }],
      ['a module with a syntax error', 'syntax-error.mjs', { name: 'SyntaxError' }],
      ['a module that throws while it loads', 'throws-on-load.mjs', { message: 'thrown while loading' }],
      ['a module without a service', 'no-service.mjs', { code: 'ERR_TROUPE_BAD_OPTIONS' }],
      ['a module with two services and no exportName', 'two-services.mjs', { code: 'ERR_TROUPE_BAD_OPTIONS' }],
    ])('%s: the start rejects with the reason, and the name is free again', async (_, file, cause) => {
      await using pool = new Pool()
      const spawned = (await narrowPlaceOf(pool, kind)).spawn<Fragile>({
        name: 'broken',
        options: {},
        module: fixture(file),
      })
      await expect(spawned).rejects.toMatchObject({ code: 'ERR_TROUPE_START_FAILED', cause })
      expect(pool.names).toEqual([])
    })

    it('a module whose loading never ends: the start rejects by its deadline', async () => {
      await using pool = new Pool()
      const spawned = (await narrowPlaceOf(pool, kind)).spawn<Fragile>({
        name: 'broken',
        options: {},
        module: fixture('never-loads.mjs'),
        transitionMs: 300,
      })
      await expect(spawned).rejects.toMatchObject({ cause: { code: 'ERR_TROUPE_DEADLINE' } })
    })
  })
})
