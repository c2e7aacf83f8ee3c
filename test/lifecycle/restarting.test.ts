/** A restart is no end: the life goes on, and calls wait for the next object. */
import { ConcurrentInvoker, Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Nursery } from '../fixtures/services/nursery.ts'
import type { Patient } from '../fixtures/services/patient.ts'
import { Stage } from './stage.ts'

const SECOND = 'pong from 2'
const refused = { status: 'rejected', reason: { code: 'ERR_TROUPE_NOT_RUNNING' } }

describe.each(KINDS)('in a %s: a restart', (kind) => {
  it('has calls wait in each of its states, and the next object answer them', async () => {
    await using pool = new Pool()
    using stage = new Stage(await placeOf(pool, kind))
    const { handle } = stage
    await handle.start()
    const answers: Promise<string>[] = []
    const ask = () => void answers.push(handle.proxy.ping())
    handle.on('state', ask)
    const restarted = handle.restart()
    ask()
    await restarted
    handle.off('state', ask)
    // The first is made as PAUSING is told, and still in time for the object that goes.
    expect(await Promise.all(answers)).toEqual(['pong from 1', ...Array(8).fill(SECOND)])
  })

  it('gives calls that run its grace, and keeps those that wait for the next object', async () => {
    await using pool = new Pool()
    const handle = await (await placeOf(pool, kind)).spawn<Patient>({
      name: 'patient',
      module: fixture('patient.ts'),
      invoker: new ConcurrentInvoker({ window: 2 }),
      graceMs: 50,
    })
    const running = Promise.allSettled([handle.proxy.ignoreAt('one'), handle.proxy.ignoreAt('two')])
    const waiting = [handle.proxy.heard(), handle.proxy.heard()]
    expect(handle.stats()).toMatchObject({ pending: 2, queued: 2 })
    await handle.restart()
    expect(await running).toMatchObject([refused, refused])
    expect(await Promise.all(waiting)).toEqual([[], []])
  })

  it('that a stop takes the place of lets nothing wait any longer', async () => {
    await using pool = new Pool()
    using stage = new Stage(await placeOf(pool, kind), { parts: { pause: 'wait for the gate' } })
    const { handle } = stage
    await handle.start()
    const restarted = Promise.allSettled([handle.restart()])
    await stage.hears('pause')
    const call = Promise.allSettled([handle.proxy.ping()])
    const stopped = handle.stop()
    stage.openGate()
    await stopped
    expect(await restarted).toMatchObject([{ reason: { code: 'ERR_TROUPE_SUPERSEDED' } }])
    expect(await call).toMatchObject([refused])
  })

  it('is in one life: `finished` waits for its end', async () => {
    await using pool = new Pool()
    using stage = new Stage(await placeOf(pool, kind))
    const { handle } = stage
    await handle.start()
    const life = handle.finished
    await handle.restart()
    expect(handle.finished).toBe(life)
    await handle.stop()
    expect(await life).toBe('stopped')
  })

  it('keeps a child with its parent', async () => {
    await using pool = new Pool()
    const options = { faults: {}, thread: 'own', transitionMs: 10_000 } as const
    const place = await placeOf(pool, kind)
    const { proxy } = await place.spawn<Nursery>({ name: 'nursery', module: fixture('nursery.ts'), options })
    expect(await proxy.childPing()).toBe('pong from 1')
    await proxy.restartChild()
    expect(await proxy.childPing()).toBe(SECOND)
    expect(await proxy.ping()).toBe('pong')
  })
})
