import { Pool, SerializedInvoker, type RemoteStream as Stream } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { RemoteStream } from '../../packages/worker-host/src/streams/remote-stream.ts'
import { collectGarbage } from '../fixtures/garbage.ts'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Diary } from '../fixtures/services/diary.ts'
import type { Streams } from '../fixtures/services/streams.ts'

const streams = { name: 'streams', module: fixture('streams.ts') }
const END = { done: true, value: undefined }

/** How far a producer may be ahead of its reader. */
const WINDOW = 256

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

async function breakOff(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream) break
}

describe.each(KINDS)('in a %s:', (kind) => {
  describe('a stream', () => {
    it.each([0, 1, WINDOW - 1, WINDOW, WINDOW + 1, 5_000])(
      'gives its %d items in their order, and ends',
      async (count) => {
        await using pool = new Pool()
        const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
        expect(await Array.fromAsync(proxy.upTo(count))).toEqual(range(count))
        expect(await proxy.left()).toEqual(['upTo'])
      },
    )

    it('does not begin until it is first asked', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = handle.proxy.upTo(3)
      expect(await handle.proxy.produced()).toBe(0)
      expect(handle.stats().pending).toBe(0)
      expect(await stream.next()).toEqual({ done: false, value: 0 })
      await stream.return()
    })

    it('that is left before it is asked never begins, and is over', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = proxy.upTo(3)
      expect(await stream.return()).toEqual(END)
      expect(await stream.next()).toEqual(END)
      expect([await proxy.produced(), await proxy.left()]).toEqual([0, []])
    })

    it('asked several times at once answers in that order, and each beyond its end with the end', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = proxy.upTo(3)
      const asked = await Promise.all(range(6).map(() => stream.next()))
      expect(asked).toEqual([0, 1, 2].map((value) => ({ done: false, value })).concat(Array(3).fill(END)))
      expect(await stream.next()).toEqual(END)
    })

    it('fixes its arguments when the method is called, not when it is first asked', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = proxy.upTo(2, 'first')
      expect(await Array.fromAsync(stream)).toEqual([0, 1])
      expect(await proxy.left()).toEqual(['first'])
    })

    it('runs beside many others, each with its own items', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const counts = range(40).map((n) => n * 17)
      const read = await Promise.all(counts.map((count) => Array.fromAsync(proxy.upTo(count))))
      expect(read).toEqual(counts.map(range))
    })
  })

  describe('a reader that leaves a stream', () => {
    it('by `break` goes on when the producer’s `finally` has run', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      for await (const item of handle.proxy.upTo(10_000, 'broken off')) if (item === 3) break
      expect(await handle.proxy.left()).toEqual(['broken off'])
      expect(handle.stats().pending).toBe(0)
    })

    it('by an error in its loop runs the producer’s `finally` too', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const reading = (async () => {
        for await (const item of proxy.upTo(10_000)) if (item === 300) throw new RangeError('reader')
      })()
      await expect(reading).rejects.toThrow('reader')
      expect(await proxy.left()).toEqual(['upTo'])
    })

    it('by the end of an `await using` block, or by `throw`, does so as well', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      {
        await using stream = proxy.upTo(10_000, 'disposed')
        await stream.next()
      }
      const thrown = proxy.upTo(10_000, 'thrown')
      await thrown.next()
      await expect(thrown.throw(new RangeError('into it'))).rejects.toThrow('into it')
      expect(await proxy.left()).toEqual(['disposed', 'thrown'])
    })

    it('by `return` waits for the producer’s `finally`, however long that takes', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = proxy.leavesAt('gate')
      await stream.next()
      let hasReturned = false
      const returned = stream.return().then(() => {
        hasReturned = true
      })
      expect(await proxy.left()).toEqual([])
      expect(hasReturned).toBe(false)
      await proxy.open('gate')
      await returned
      expect(await proxy.left()).toEqual(['gate'])
    })

    it.each([
      ['`break`', (stream: AsyncIterable<unknown>) => breakOff(stream)],
      ['`return`', (stream: Stream<unknown>) => stream.return()],
      ['`await using`', (stream: Stream<unknown>) => stream[Symbol.asyncDispose]()],
    ])('by %s is rejected with what the producer’s `finally` throws, as by a local generator', async (_, leave) => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = handle.proxy.failsToLeave()
      await stream.next()
      await expect(leave(stream)).rejects.toMatchObject({
        name: 'RangeError',
        message: 'in finally',
        code: 'E_FINALLY',
      })
      expect(await stream.next()).toEqual(END)
      expect(handle.stats().pending).toBe(0)
    })

    it('is not told of what the producer throws for an item that nobody waits for', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = proxy.throwsAt('gate')
      await stream.next()
      const returned = stream.return()
      await proxy.open('gate')
      expect(await returned).toEqual(END)
    })

    it('answers those who still wait for an item with the end', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = proxy.leavesAt('gate')
      await proxy.open('gate')
      const asked = range(1_000).map(() => stream.next())
      await stream.return()
      const results = await Promise.all(asked)
      const items = results.filter(({ done }) => !done)
      expect(items.map(({ value }) => value)).toEqual(range(items.length))
      expect(results.slice(items.length)).toEqual(Array(1_000 - items.length).fill(END))
    })
  })

  describe('an item', () => {
    it('arrives when its generator goes on to wait', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = proxy.waitsAfterEach(['one', 'two'])
      expect(await stream.next()).toEqual({ done: false, value: 'one' })
      await proxy.open('one')
      expect(await stream.next()).toEqual({ done: false, value: 'two' })
      await proxy.open('two')
      expect(await stream.next()).toEqual(END)
    })

    it.each(['reusedObject', 'reusedBuffer'] as const)(
      'is what it was at its `yield`, whatever its generator does to it then: %s',
      async (method) => {
        await using pool = new Pool()
        const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
        const items = await Array.fromAsync(proxy[method](300) as AsyncIterable<ArrayLike<number>>)
        expect(items.map((item) => item[0])).toEqual(range(300))
      },
    )

    it('leaves before the next one is ready, where its generator computes for long and never waits', async () => {
      await using pool = new Pool()
      using seen = new Notebook()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      for await (const item of proxy.blocksUntilSeen(seen.path)) seen.write(item)
      expect(seen.lines).toEqual(['0', '1', '2'])
    })
  })

  describe('a producer that throws', () => {
    it('reaches its reader after the items before it, once, with class, code and message', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const seen: number[] = []
      const stream = proxy.failsAfter(300)
      const reading = (async () => {
        for await (const item of stream) seen.push(item)
      })()
      const expected = { name: 'RangeError', message: 'no more', code: 'E_DRY' }
      await expect(reading).rejects.toMatchObject(expected)
      await expect(reading).rejects.toBeInstanceOf(RangeError)
      expect(seen).toEqual(range(300))
      expect(await stream.next()).toEqual(END)
    })

    it('rejects the first of those who wait, and ends the others', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = proxy.failsAfter(1)
      const outcomes = await Promise.allSettled([stream.next(), stream.next(), stream.next()])
      expect(outcomes).toMatchObject([{ value: { value: 0 } }, { reason: { code: 'E_DRY' } }, { value: END }])
    })
  })

  describe('a slow reader', () => {
    it('stands its producer still a window ahead, for as long as it takes', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = proxy.upTo(100_000)
      for (let taken = 1; taken <= 3 * WINDOW; taken++) {
        await stream.next()
        // The producer has run as far as it may before the thread comes to the next call.
        if (taken % 100 === 0) expect((await proxy.produced()) - taken).toBeLessThanOrEqual(WINDOW)
      }
      expect(await proxy.produced()).toBeGreaterThan(3 * WINDOW)
      await stream.return()
    })

    it.each([
      ['chunks', 1_048_576, 1],
      ['chunks', 300_000, 4],
      ['texts', 1_048_576, 1],
      ['messages', 524_288, 2],
    ] as const)('stands it still a MiB ahead where items are large: %s of %d bytes', async (method, bytes, most) => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = proxy[method](40, bytes)
      let lead = 0
      for (let taken = 1; taken <= 40; taken++) {
        await stream.next()
        lead = Math.max(lead, (await proxy.produced()) - taken)
      }
      expect(lead).toBeLessThanOrEqual(most)
      expect(await stream.next()).toEqual(END)
    })

    it('lets other calls of the service through', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = proxy.upTo(100_000)
      await stream.next()
      const others = proxy.upTo(1_000)
      expect(await Array.fromAsync(others)).toEqual(range(1_000))
      await stream.return()
    })

    it('does not hold on to the items that it has taken', async () => {
      let granted = WINDOW
      const stream = new RemoteStream<{ n: number }>((opened) =>
        opened.attach({
          grant: (items) => {
            granted += items
          },
          leave: () => opened.end(),
        }),
      )
      const taken: WeakRef<object>[] = []
      const first = stream.next() // opens it
      let produced = 0
      const produce = () => {
        for (; produced < granted; produced++) stream.push({ items: [{ n: produced }], bytes: 0 })
      }
      produce()
      await first
      // Always a few behind the producer, so the list of what has come is never empty.
      for (let n = 1; n < 20 * WINDOW; n++) {
        const { value } = await stream.next()
        taken.push(new WeakRef(value!))
        produce()
      }
      await collectGarbage()
      expect(taken.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(WINDOW)
      await stream.return()
    })
  })

  describe('a stream of a serialized service', () => {
    it('begins in its turn, and what is called after it waits for its end', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>({ ...streams, invoker: 'serialized' })
      const first = proxy.upTo(1_000, 'first')
      const second = proxy.upTo(1_000, 'second')
      const reads = [Array.fromAsync(first), Array.fromAsync(second)]
      const after = proxy.left()
      expect(await Promise.all(reads)).toEqual([range(1_000), range(1_000)])
      expect(await after).toEqual(['first', 'second'])
    })

    it('that is left before its turn never begins', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Streams>({
        ...streams,
        invoker: new SerializedInvoker({ window: 2 }),
      })
      const first = proxy.upTo(1_000, 'first')
      await first.next()
      const second = proxy.upTo(1_000, 'second')
      const asked = second.next()
      const left = second.return()
      await first.return()
      expect([await asked, await left]).toEqual([END, END])
      expect(await proxy.left()).toEqual(['first'])
    })
  })

  describe('a stream that was asked for before its service had ever run', () => {
    it.each(['concurrent', 'serialized', 'deduplicating'] as const)(
      'can be iterated, and left: %s',
      async (invoker) => {
        await using pool = new Pool()
        const early = pool.proxy<Streams>('streams')
        const handle = (await placeOf(pool, kind)).add<Streams>({ ...streams, invoker })
        const started = handle.start()
        expect(await Array.fromAsync(early.upTo(600, 'a'))).toEqual(range(600))
        await started
        for await (const item of early.upTo(600, 'b')) if (item === 5) break
        expect(await early.left()).toEqual(['a', 'b'])
      },
    )
  })

  describe('a stream whose thread dies', () => {
    it('rejects its reader with SERVICE_CRASHED after the items that had come', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Diary>({
        name: 'diary',
        module: fixture('diary.ts'),
        options: { notes: notes.path },
      })
      const seen: number[] = []
      const reading = (async () => {
        for await (const item of proxy.crashAfter(10)) seen.push(item)
      })()
      await expect(reading).rejects.toMatchObject({
        code: 'ERR_TROUPE_SERVICE_CRASHED',
        exitCode: 7,
        mayHaveRun: true,
        message: expect.stringContaining('"diary.crashAfter"'),
      })
      expect(seen).toEqual(range(10))
    })

    it('lets a reader that is leaving it go', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Streams>(streams)
      const stream = handle.proxy.leavesAt('a gate that nobody opens')
      await stream.next()
      const returned = stream.return()
      handle.kill()
      expect(await returned).toEqual(END)
    })
  })
})
