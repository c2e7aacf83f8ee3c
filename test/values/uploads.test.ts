/** Streams as arguments: produced by the caller, read by the method. */
import { Readable } from 'node:stream'
import { Pool, type ServiceHandle, transfer } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, leftOf, placeOf } from '../fixtures/kinds.ts'
import type { Uploader } from '../fixtures/services/uploader.ts'

const uploader = { name: 'uploader', module: fixture('uploader.ts') }

/** Counts what it has produced, and tells when it has ended. */
function source(count: number, act: (n: number) => unknown = () => {}) {
  const ended = Promise.withResolvers<void>()
  const self = { produced: 0, ended: ended.promise, items: produce() }
  async function* produce(): AsyncGenerator<number> {
    try {
      for (let n = 1; n <= count; n++) {
        self.produced = n
        await act(n)
        yield n
      }
    } finally {
      ended.resolve()
    }
  }
  return self
}

describe.each(KINDS)('in a %s:', (kind) => {
  const open = async (pool: Pool): Promise<ServiceHandle<Uploader>> =>
    (await placeOf(pool, kind)).spawn<Uploader>(uploader)

  describe('an async iterable given to a service', () => {
    it.each([
      ['an async generator', () => source(1_000).items],
      [
        'a ReadableStream',
        () => Readable.toWeb(Readable.from(source(1_000).items)) as unknown as AsyncIterable<number>,
      ],
      ['a Node stream', () => Readable.from(source(1_000).items) as AsyncIterable<number>],
      ['anything with an async iterator', () => ({ [Symbol.asyncIterator]: () => source(1_000).items })],
    ])('is read there, item by item in order: %s', async (_, make) => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      expect(await proxy.sum(make())).toBe(500_500)
    })

    it('is found inside of an object, and one that stands in two places is one', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      async function* chunks() {
        for (let n = 0; n < 3; n++) yield new Uint8Array(1_000)
      }
      expect(await proxy.bytes({ name: 'three', chunks: chunks() })).toBe('three: 3000')
      const { items } = source(2)
      expect(await proxy.isOne([items, items])).toBe(true)
    })

    it('can have its items moved, or copied to a process', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      const sent: Uint8Array[] = []
      async function* chunks() {
        for (let n = 0; n < 3; n++) {
          const chunk = new Uint8Array(10)
          sent.push(chunk)
          yield transfer(chunk, [chunk.buffer])
        }
      }
      expect(await proxy.bytes({ name: 'moved', chunks: chunks() })).toBe('moved: 30')
      expect(sent.map((chunk) => chunk.byteLength)).toEqual(Array(3).fill(leftOf(kind, 10)))
    })

    it('can be answered by a stream, and be the stream of another service', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      expect(await Array.fromAsync(proxy.doubled(proxy.doubled(source(3).items)))).toEqual([4, 8, 12])
    })

    it('produces no more than a window ahead of its reader', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      const endless = source(Number.POSITIVE_INFINITY)
      expect(await proxy.firstOf(300, endless.items)).toHaveLength(300)
      await endless.ended
      expect(endless.produced).toBeLessThanOrEqual(300 + 2 * 256)
    })

    it('is asked for nothing, and left, by a method that doesn’t read it', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      const unread = source(5)
      const cancelled = Promise.withResolvers<void>()
      expect(await proxy.ignore(unread.items)).toBe('ignored')
      await proxy.ignore(new ReadableStream({ cancel: () => cancelled.resolve() }))
      await cancelled.promise
      expect(unread.produced).toBe(0)
      expect(await unread.items.next()).toEqual({ done: true, value: undefined })
    })

    it('is left when the method breaks out of its loop, before the method goes on', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      const many = source(10_000)
      expect(await proxy.firstOf(2, many.items)).toEqual([1, 2])
      await many.ended
    })

    it('is left when the method throws, and the caller gets that error', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      const many = source(10_000)
      await expect(proxy.throwAt(3, many.items)).rejects.toThrow(new RangeError('no more than 3'))
      await many.ended
    })

    it('that throws, throws in the method’s loop, with class and code', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      const broken = source(5, (n) => {
        if (n === 3) throw Object.assign(new RangeError('dry'), { code: 'E_DRY' })
      })
      await expect(proxy.readOn(broken.items)).rejects.toMatchObject({
        name: 'RangeError',
        message: 'dry',
        code: 'E_DRY',
      })
      expect(await proxy.heard()).toEqual([1, 2, 'RangeError'])
    })

    it('with an item that can’t be cloned ends there, with the place of it', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      async function* bad() {
        yield 1
        yield { inner: () => {} } as unknown as number
      }
      await expect(proxy.readOn(bad())).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_CLONEABLE', path: 'item.inner' })
      expect(await proxy.heard()).toEqual([1, 'NotCloneableError'])
    })

    it('is cut off by an abort of its call: the reader meets the reason, not an end', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      const aborter = new AbortController()
      const many = source(Number.POSITIVE_INFINITY, (n) => n === 1_000 && aborter.abort(new RangeError('enough')))
      await expect(proxy.$with({ signal: aborter.signal }).readOn(many.items)).rejects.toThrow('enough')
      await many.ended
      let heard = await proxy.heard()
      while (heard.at(-1) !== 'RangeError') heard = await proxy.heard()
      expect(heard).not.toContain('end')
    })

    it('is left when the service crashes, or stops, and its call rejects', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Uploader>({ ...uploader, graceMs: 20 })
      for (const [end, code] of [
        [() => handle.stop(), 'ERR_TROUPE_NOT_RUNNING'],
        [() => handle.kill(), 'ERR_TROUPE_SERVICE_CRASHED'],
      ] as const) {
        const first = Promise.withResolvers<void>()
        const many = source(Number.POSITIVE_INFINITY, (n) => n === 2 && first.resolve())
        const call = expect(handle.proxy.readOne(many.items)).rejects.toMatchObject({ code })
        await first.promise
        await end()
        await call
        await many.ended
        await handle.restart()
      }
    })

    it('stays unread with a call that had not begun when its thread died, and is read when that is made again', async () => {
      await using pool = new Pool()
      const supervision = { restart: 'permanent' } as const
      const { proxy } = await (await placeOf(pool, kind)).spawn<Uploader>({
        ...uploader,
        invoker: 'serialized',
        supervision,
      })
      const crash = expect(proxy.crash()).rejects.toMatchObject({ mayHaveRun: true })
      const sum = proxy.sum(source(4).items)
      await crash
      expect(await sum).toBe(10)
    })

    it('that was read can’t be given again', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      const { items } = source(4)
      expect(await proxy.sum(items)).toBe(10)
      await expect(proxy.sum(items)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_CLONEABLE', path: 'argument 0' })
    })

    it('is over for its reader when its call has ended', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      await proxy.keep(source(4).items)
      expect(await proxy.readKept()).toBe('ERR_TROUPE_REVOKED')
    })
  })

  describe('an async iterable inside of a result', () => {
    it('is read from the service, and left like any stream', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      const { name, rows } = await proxy.report(1_000)
      expect(name).toBe('report')
      expect(await Array.fromAsync(rows)).toHaveLength(1_000)
      for await (const row of (await proxy.report(100_000)).rows) if (row === 10) break
      expect(await proxy.heard()).toEqual(['left', 'left'])
    })

    it('rejects its reader when the service crashes', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      const { rows } = await proxy.report(Number.POSITIVE_INFINITY)
      const read = async () => {
        for await (const row of rows) if (row === 300) proxy.crash().catch(() => {})
      }
      await expect(read()).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
    })
  })
})
