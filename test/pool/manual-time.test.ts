import { Pool } from '@troupe/runtime'
import { ManualClock } from '@troupe/worker-host/testing'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Calculator } from '../fixtures/services/calculator.ts'
import type { Fragile } from '../fixtures/services/fragile.ts'
import { SkippingClock } from '../fixtures/skipping-clock.ts'
import { WatchedClock } from '../fixtures/watched-clock.ts'
import { Stage } from '../lifecycle/stage.ts'

const calculator = { name: 'calculator', module: fixture('calculator.ts') }

/** Resolves when a timer of that length has been armed. */
async function armed(clock: WatchedClock, delayMs: number): Promise<void> {
  for (let found = await clock.nextTimer(); found !== delayMs; found = await clock.nextTimer());
}

describe.each(KINDS)('in a %s:', (kind) => {
  describe('what is left of a call’s time, in a turn that takes long, is counted once', () => {
    it('where it waited for its service to be added', async () => {
      const clock = new SkippingClock()
      await using pool = new Pool({ clock })
      const place = await placeOf(pool, kind)
      const { proxy } = await place.spawn<Calculator>({ ...calculator, name: 'other' })
      const waiting = pool.proxy<Calculator>('calculator').$with({ timeoutMs: 2_000 }).add(1, 1)
      await clock.advance(100)
      const other = proxy.$with({ timeoutMs: null }).add(2, 2)
      const limited = proxy.add(3, 3) // what the time is in this turn is known from here
      clock.skip(1_200)
      void place.add<Calculator>(calculator).start()
      await clock.advance(600)
      expect(await Promise.all([waiting, other, limited])).toEqual([2, 4, 6])
    })
  })

  describe('on a manual clock', () => {
    it('a call is late when the clock says so, and not before', async () => {
      const clock = new ManualClock()
      await using pool = new Pool({ clock })
      const handle = await (await placeOf(pool, kind)).spawn<Calculator>(calculator)
      let isLate = false
      const late = handle.proxy
        .$with({ timeoutMs: 3_600_000 })
        .waitAt('gate')
        .catch((error: unknown) => {
          isLate = true
          return error
        })
      await handle.proxy.add(1, 1)
      await clock.advance(3_599_999)
      expect(isLate).toBe(false)
      await clock.advance(1)
      expect(await late).toMatchObject({ code: 'ERR_TROUPE_DEADLINE', ranMs: 3_600_000 })
    })

    it('a call that waits in the mailbox is late as well', async () => {
      const clock = new ManualClock()
      await using pool = new Pool({ clock })
      const handle = await (await placeOf(pool, kind)).spawn<Calculator>(calculator)
      await handle.pause()
      const late = expect(handle.proxy.add(1, 1)).rejects.toMatchObject({
        code: 'ERR_TROUPE_DEADLINE',
        waitedMs: 30_000,
      })
      await clock.advance(30_000)
      await late
    })

    it.each(['prepare', 'start', 'pause', 'stop'])('a "%s" hook has its deadline', async (hook) => {
      const clock = new WatchedClock()
      await using pool = new Pool({ clock })
      using stage = new Stage(await placeOf(pool, kind), { parts: { [hook]: 'hang' }, transitionMs: 7_777_777 })
      const moved = stage.handle.start().then(() => stage.handle.stop())
      const failed = expect(moved).rejects.toMatchObject({ cause: { code: 'ERR_TROUPE_DEADLINE', limitMs: 7_777_777 } })
      await stage.hears(hook)
      await clock.advance(7_777_777)
      await failed
    })

    it('the grace of a stop ends the wait for calls that run', async () => {
      const clock = new WatchedClock()
      await using pool = new Pool({ clock })
      const handle = await (await placeOf(pool, kind)).spawn<Calculator>({ ...calculator, graceMs: 1_234_567 })
      const running = expect(handle.proxy.$with({ timeoutMs: null }).waitAt('gate')).rejects.toMatchObject({
        code: 'ERR_TROUPE_NOT_RUNNING',
      })
      await handle.proxy.add(1, 1)
      const stopped = handle.stop()
      await armed(clock, 1_234_567)
      await clock.advance(1_234_567)
      await running
      await stopped
    })

    it('closing the pool kills what has not stopped within its grace', async () => {
      const clock = new WatchedClock()
      const pool = new Pool({ clock })
      using stage = new Stage(await placeOf(pool, kind), {
        parts: { stop: 'hang' },
        graceMs: 5_000,
        transitionMs: 1_000_000,
      })
      await stage.handle.start()
      const closed = pool.close()
      await stage.hears('stop')
      await clock.advance(6_000)
      await closed
      expect(stage.handle.state).toBe('FAILED')
    })

    it('restarts are counted within the window of the clock', async () => {
      const clock = new ManualClock()
      await using pool = new Pool({ clock })
      const supervision = { restart: 'permanent', maxRestarts: 1, withinMs: 1_000 } as const
      const handle = await (await placeOf(pool, kind)).spawn<Fragile>({
        name: 'fragile',
        module: fixture('fragile.ts'),
        options: {},
        supervision,
      })
      const crash = async () => {
        const told = new Promise<boolean>((resolve) => handle.on('failed', (_, willRestart) => resolve(willRestart)))
        handle.kill()
        return told
      }
      expect(await crash()).toBe(true)
      await handle.waitFor('RUNNING')
      await clock.advance(1_001)
      expect(await crash()).toBe(true)
      await handle.waitFor('RUNNING')
      await clock.advance(1_000)
      expect(await crash()).toBe(false)
    })

    it('a service that rests has no timer at its owner', async () => {
      const clock = new ManualClock()
      await using pool = new Pool({ clock })
      await (await placeOf(pool, kind)).spawn<Calculator>(calculator)
      expect(clock.pending).toBe(0)
    })
  })
})
