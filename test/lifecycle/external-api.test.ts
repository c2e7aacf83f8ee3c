import { Pool, type ServiceHandle } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Swan } from '../fixtures/services/swan.ts'
import type { Thing } from '../fixtures/services/thing.ts'

const spec = { name: 'thing', module: fixture('thing.ts'), graceMs: 50 }
type Thingy = ServiceHandle<Thing>

/** Each way in which a running service ends, and what a call that is under way meanwhile rejects with. */
const ENDS: Readonly<Record<string, { readonly end: (handle: Thingy) => Promise<unknown>; readonly sees: object }>> = {
  'is stopped, and the grace is over': { end: (handle) => handle.stop(), sees: { code: 'ERR_TROUPE_NOT_RUNNING' } },
  finishes: { end: ({ proxy }) => proxy.finish(), sees: { code: 'ERR_TROUPE_NOT_RUNNING' } },
  fails: { end: ({ proxy }) => proxy.fail(), sees: { code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: true } },
  exits: {
    end: ({ proxy }) => proxy.exit().catch(() => {}),
    sees: { code: 'ERR_TROUPE_SERVICE_CRASHED', exitCode: 3, mayHaveRun: true },
  },
  'is killed': { end: async (handle) => handle.kill(), sees: { code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: true } },
}

describe.each(KINDS)('in a %s:', (kind) => {
  describe('an exposed method', () => {
    it('rejects before the service is started', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Thing>(spec)
      await expect(handle.proxy.getThing()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
    })

    it('answers while the service runs', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Thing>(spec)
      expect(await handle.proxy.getThing()).toBe('thing')
    })

    describe.each(Object.entries(ENDS))('when the service %s', (_, { end, sees }) => {
      it('rejects where it is under way, and at once after that', async () => {
        await using pool = new Pool()
        const handle = await (await placeOf(pool, kind)).spawn<Thing>(spec)
        const ended = handle.finished.catch(() => {})
        const underWay = expect(handle.proxy.getNoThing()).rejects.toMatchObject(sees)
        await handle.proxy.getThing() // what stands before it has begun
        await end(handle)
        await Promise.all([underWay, ended])
        await expect(handle.proxy.getThing()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
        expect(handle.stats()).toMatchObject({ pending: 0, queued: 0, threads: 0 })
      })

      it('has given what it had finished before, to who reads it later', async () => {
        await using pool = new Pool()
        const handle = await (await placeOf(pool, kind)).spawn<Thing>(spec)
        const ended = handle.finished.catch(() => {})
        const unread = handle.proxy.getThing()
        await handle.proxy.getThing()
        await end(handle)
        await ended
        expect(await unread).toBe('thing')
      })
    })
  })

  describe('a graceful service', () => {
    it('waits, when it stops, for the tasks that it said it would, and aborts the others', async () => {
      await using pool = new Pool()
      using diary = new Notebook()
      const spec = { name: 'swan', module: fixture('swan.ts'), options: { diary: diary.path } }
      const swan = await (await placeOf(pool, kind)).spawn<Swan>(spec)
      await swan.stop()
      expect(diary.lines).toEqual(['has flown'])
      expect(await swan.finished).toBe('stopped')
    })
  })
})
