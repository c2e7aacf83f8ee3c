import { ConcurrentInvoker, Pool, SerializedInvoker } from '@troupe/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Crash, Diary } from '../fixtures/services/diary.ts'

/** What the thread died of, by the way it was broken. */
const CAUSES: Readonly<Record<Crash, object>> = {
  exit: { exitCode: 7 },
  uncaught: { cause: { name: 'DiaryError', code: 'E_DIARY', message: 'torn out' } },
  unhandled: { cause: { name: 'DiaryError', code: 'E_DIARY', message: 'torn out' } },
}
const CRASHES = Object.keys(CAUSES) as Crash[]

const entriesOf = (notes: Notebook): number[] => notes.lines.map(Number)
const crashed = { reason: { code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: true } }

const diary = ({ path: notes }: Notebook) => ({
  name: 'diary',
  module: fixture('diary.ts'),
  options: { notes },
  supervision: { restart: 'permanent', maxRestarts: 100 } as const,
})

describe.each(KINDS)('in a %s:', (kind) => {
  describe.each(CRASHES)('a service that crashes by %s', (how) => {
    it('fails the calls that had begun, with the cause, and runs the others once, in order, when it is back', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const handle = await (await placeOf(pool, kind)).spawn<Diary>({ ...diary(notes), invoker: 'serialized' })
      const outcomes = await Promise.allSettled([
        handle.proxy.note(1),
        handle.proxy.noteLater(2),
        handle.proxy.crash(3, how),
        handle.proxy.note(4),
        handle.proxy.noteLater(5),
        handle.proxy.note(6),
      ])
      expect(outcomes).toMatchObject([
        { value: 1 },
        { value: 2 },
        { reason: { ...crashed.reason, ...CAUSES[how] } },
        { value: 4 },
        { value: 5 },
        { value: 6 },
      ])
      expect(entriesOf(notes)).toEqual([1, 2, 3, 4, 5, 6])
      expect(handle.stats()).toMatchObject({
        generation: 2,
        restarts: 1,
        succeeded: 5,
        failed: 1,
        pending: 0,
        queued: 0,
      })
    })

    it('fails all that had begun side by side, and runs again none of them', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Diary>(diary(notes))
      const outcomes = await Promise.allSettled([
        proxy.noteForEver(1),
        proxy.note(2),
        proxy.noteForEver(3),
        proxy.noteForEver(4),
        proxy.crash(5, how), // the last: what comes behind it has not begun when the thread has looked up meanwhile
      ])
      expect(outcomes).toMatchObject([crashed, { value: 2 }, crashed, crashed, crashed])
      await proxy.note(6)
      expect(entriesOf(notes)).toEqual([1, 2, 3, 4, 5, 6])
    })

    it('keeps the calls beyond the window for the next incarnation', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Diary>({
        ...diary(notes),
        invoker: new ConcurrentInvoker({ window: 2 }),
      })
      const calls = [proxy.noteForEver(1), proxy.crash(2, how), ...[3, 4, 5, 6].map((entry) => proxy.note(entry))]
      const outcomes = await Promise.allSettled(calls)
      expect(outcomes).toMatchObject([crashed, crashed, { value: 3 }, { value: 4 }, { value: 5 }, { value: 6 }])
      expect(entriesOf(notes)).toEqual([1, 2, 3, 4, 5, 6])
    })

    it('rejects, when it does not come back, the calls that had not begun with `mayHaveRun` false', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Diary>({
        ...diary(notes),
        supervision: { restart: 'temporary' },
        invoker: new SerializedInvoker({ window: 2 }),
      })
      const outcomes = await Promise.allSettled([proxy.crash(1, how), proxy.note(2), proxy.note(3)])
      const waiting = { reason: { ...crashed.reason, ...CAUSES[how], mayHaveRun: false } }
      expect(outcomes).toMatchObject([crashed, waiting, waiting])
      expect(entriesOf(notes)).toEqual([1])
    })
  })

  describe('after several crashes', () => {
    it('each call has either run once and been answered, or been rejected as one that may have run', async () => {
      await using pool = new Pool()
      const place = await placeOf(pool, kind)
      let services = 0
      const call = fc.constantFrom('note', 'noteLater', 'note', 'noteLater', 'stream', 'crash')
      await fc.assert(
        fc.asyncProperty(fc.array(call, { maxLength: 20 }), fc.integer({ min: 1, max: 6 }), async (kinds, window) => {
          using notes = new Notebook()
          const handle = await place.spawn<Diary>({
            ...diary(notes),
            name: `diary ${++services}`,
            invoker: new SerializedInvoker({ window }),
          })
          const { proxy } = handle
          const calls = kinds.map((name, entry) => {
            if (name === 'crash') return proxy.crash(entry, 'exit')
            if (name === 'stream') return Array.fromAsync(proxy.noteEach(entry, entry + 1))
            return name === 'note' ? proxy.note(entry) : proxy.noteLater(entry)
          })
          const outcomes = await Promise.allSettled(calls)
          expect(outcomes).toMatchObject(
            kinds.map((name, entry) => {
              if (name === 'crash') return crashed
              return { value: name === 'stream' ? [entry] : entry }
            }),
          )
          const crashes = kinds.filter((name) => name === 'crash').length
          // Streams are not counted in the window, so they may come before calls that wait in the mailbox.
          expect(entriesOf(notes).toSorted((a, b) => a - b)).toEqual(kinds.map((_, entry) => entry))
          await proxy.note(99) // once this is answered, the last restart is over
          expect(handle.stats()).toMatchObject({ restarts: crashes, pending: 0, queued: 0 })
          await handle.stop()
        }),
        { numRuns: kind === 'thread' ? 12 : 6 },
      )
    })
  })

  describe('a stream that had not begun when its service crashed', () => {
    it('begins in the next incarnation', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Diary>({ ...diary(notes), invoker: 'serialized' })
      const crash = proxy.crash(0, 'uncaught')
      const read = Array.fromAsync(proxy.noteEach(1, 4))
      await expect(crash).rejects.toMatchObject(crashed.reason)
      expect(await read).toEqual([1, 2, 3])
      expect(entriesOf(notes)).toEqual([0, 1, 2, 3])
    })

    it('and that its reader has left is forgotten', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const handle = await (await placeOf(pool, kind)).spawn<Diary>({ ...diary(notes), invoker: 'serialized' })
      const crash = handle.proxy.crash(0, 'exit')
      const stream = handle.proxy.noteEach(1, 1_000)
      const asked = stream.next()
      const left = stream.return()
      await expect(crash).rejects.toMatchObject(crashed.reason)
      expect(await Promise.all([asked, left])).toEqual(Array(2).fill({ done: true, value: undefined }))
      expect(await handle.proxy.note(2_000)).toBe(2_000)
      expect(handle.stats()).toMatchObject({ pending: 0, queued: 0 })
    })
  })
})
