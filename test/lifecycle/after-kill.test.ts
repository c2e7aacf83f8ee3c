/**
 * What is asked of a service that has been killed comes after its crash has been told, whatever it lives in: a thread is
 * gone at once, and a process a little later.
 */
import { Pool, type RestartType, type ServiceHandle } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Captive } from '../fixtures/services/captive.ts'
import type { Patient } from '../fixtures/services/patient.ts'

const PATIENT = 'patient'
const crashed = { code: 'ERR_TROUPE_SERVICE_CRASHED', cause: { message: 'enough' } }
const refused = { status: 'rejected', reason: { code: 'ERR_TROUPE_NOT_RUNNING', cause: crashed } }
const done = { status: 'fulfilled' }
const died = { status: 'rejected', reason: crashed }
const stopped = { status: 'fulfilled', value: 'stopped' }

type Ask = (handle: ServiceHandle, pool: Pool) => Promise<void>

const STOP: Ask = (handle) => handle.stop()
const START: Ask = (handle) => handle.start()
const PAUSE: Ask = (handle) => handle.pause()
const RESTART: Ask = (handle) => handle.restart()
const REMOVE: Ask = (_, pool) => pool.remove(PATIENT)

interface Row {
  readonly asked: object
  readonly state: string
  /** How the life ended that the kill was in; undefined while it goes on. */
  readonly finished: object | undefined
}

const ROWS: readonly (readonly [RestartType, string, Ask, Row])[] = [
  ['temporary', 'stop', STOP, { asked: done, state: 'STOPPED', finished: died }],
  ['temporary', 'remove', REMOVE, { asked: done, state: 'STOPPED', finished: died }],
  ['temporary', 'restart', RESTART, { asked: done, state: 'RUNNING', finished: died }],
  ['temporary', 'start', START, { asked: refused, state: 'FAILED', finished: died }],
  ['temporary', 'pause', PAUSE, { asked: refused, state: 'FAILED', finished: died }],
  ['permanent', 'stop', STOP, { asked: done, state: 'STOPPED', finished: stopped }],
  ['permanent', 'remove', REMOVE, { asked: done, state: 'STOPPED', finished: stopped }],
  ['permanent', 'restart', RESTART, { asked: done, state: 'RUNNING', finished: undefined }],
  ['permanent', 'start', START, { asked: done, state: 'RUNNING', finished: undefined }],
  ['permanent', 'pause', PAUSE, { asked: done, state: 'PAUSED', finished: undefined }],
]

/** What goes by between the kill and the question. */
const GAPS: Readonly<Record<string, (() => Promise<unknown>) | undefined>> = {
  'in the same breath': undefined,
  'after a promise': async () => {},
  'after a turn': () => new Promise((resolve) => setImmediate(resolve)),
}

describe.each(KINDS)('in a %s:', (kind) => {
  describe.each(Object.entries(GAPS))('after a kill, %s,', (_, gap) => {
    it.each(ROWS)('%s: %s', async (restart, _, ask, { asked, state, finished }) => {
      await using pool = new Pool()
      const place = await placeOf(pool, kind)
      const handle = await place.spawn<Patient>({
        name: PATIENT,
        module: fixture('patient.ts'),
        supervision: { restart },
      })
      const call = expect(handle.proxy.waitAt('gate')).rejects.toMatchObject({ ...crashed, mayHaveRun: true })
      await handle.proxy.heard() // answered after it: the call has begun
      const life = handle.finished

      handle.kill(new Error('enough'))
      await gap?.()
      const [outcome] = await Promise.allSettled([ask(handle as ServiceHandle, pool)])

      await call
      expect(outcome).toMatchObject(asked)
      expect(handle.state).toBe(state)
      if (finished !== undefined) expect((await Promise.allSettled([life]))[0]).toMatchObject(finished)
    })
  })

  it.each([
    ['temporary', 'FAILED'],
    ['permanent', 'RUNNING'],
  ] as const)('that meets a restart, %s: it is %s', async (restart, state) => {
    await using pool = new Pool()
    const module = fixture('patient.ts')
    const place = await placeOf(pool, kind)
    const handle = await place.spawn<Patient>({ name: PATIENT, module, supervision: { restart } })
    const restarted = handle.restart()
    handle.kill(new Error('enough'))
    await expect(restarted).rejects.toMatchObject({ code: 'ERR_TROUPE_START_FAILED', cause: crashed })
    await handle.waitFor(state)
    expect(handle.stats()).toMatchObject({ state, restarts: restart === 'permanent' ? 1 : 0 })
  })

  it.each([
    ['PREPARING', 'start', 'STOPPED'],
    ['STARTING', 'start', 'PAUSED'],
    ['PAUSING', 'pause', 'RUNNING'],
    ['STOPPING', 'stop', 'PAUSED'],
  ] as const)('that comes as %s begins: it is FAILED, and no hook has run for it', async (state, ask, from) => {
    await using pool = new Pool()
    const handle = (await placeOf(pool, kind)).add<Patient>({ name: PATIENT, module: fixture('patient.ts') })
    if (from === 'PAUSED') await handle.pause()
    if (from === 'RUNNING') await handle.start()
    const life = handle.finished
    handle.on('state', (change) => change.state === state && handle.kill(new Error('enough')))
    const failed = { code: 'ERR_TROUPE_START_FAILED', cause: crashed }
    await expect(handle[ask]()).rejects.toMatchObject(failed)
    expect(handle.state).toBe('FAILED')
    await expect(life).rejects.toMatchObject(failed)
  })

  it('questions about its tasks are answered by the crash', async () => {
    await using pool = new Pool()
    const handle = await (await placeOf(pool, kind)).spawn<Captive>({ name: PATIENT, module: fixture('captive.ts') })
    using notes = new Notebook()
    const spinning = expect(handle.proxy.spin(notes.path)).rejects.toMatchObject(crashed)
    await notes.until('spins')
    const asked = expect(handle.tasks()).rejects.toMatchObject(crashed)
    handle.kill(new Error('enough'))
    await Promise.all([spinning, asked])
  })

  it('a pool that is closed has it end as a crash, and starts nothing any more', async () => {
    await using pool = new Pool()
    const handle = await (await placeOf(pool, kind)).spawn<Patient>({ name: PATIENT, module: fixture('patient.ts') })
    const life = handle.finished
    handle.kill(new Error('enough'))
    const asked = Promise.allSettled([handle.restart(), handle.start()])
    await pool.close()
    const closed = { status: 'rejected', reason: { code: 'ERR_TROUPE_POOL_CLOSED' } }
    expect(await asked).toMatchObject([closed, closed])
    expect((await Promise.allSettled([life]))[0]).toMatchObject(died)
    expect(handle.state).toBe('STOPPED')
  })

  it('a question that is asked as it has failed comes after those that were asked before', async () => {
    await using pool = new Pool()
    const handle = await (await placeOf(pool, kind)).spawn<Patient>({ name: PATIENT, module: fixture('patient.ts') })
    const restarted = new Promise<void>((resolve) => {
      handle.on('state', ({ state }) => {
        if (state === 'FAILED') resolve(handle.restart())
      })
    })
    handle.kill()
    const stopped = Promise.allSettled([handle.stop()])
    await restarted
    await stopped
    expect(handle.state).toBe('RUNNING')
  })

  it('the last of several questions wins, as ever', async () => {
    await using pool = new Pool()
    const handle = await (await placeOf(pool, kind)).spawn<Patient>({ name: PATIENT, module: fixture('patient.ts') })
    handle.kill()
    const outcomes = await Promise.allSettled([handle.stop(), handle.start()])
    expect(outcomes).toMatchObject([done, done])
    expect(handle.state).toBe('RUNNING')
    expect(await handle.proxy.heard()).toEqual([])
  })
})
