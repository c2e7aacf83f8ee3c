/**
 * What `transfer(value, transferables)` does to arguments, results and items: to a thread they are moved, and to a process
 * copied, where that can be.
 */
import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { Pool, transfer } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { Comlink, fixture } from '../fixtures/index.ts'
import { KINDS, leftOf, placeOf } from '../fixtures/kinds.ts'
import type { Mover } from '../fixtures/services/mover.ts'

const mover = { name: 'mover', module: fixture('mover.ts') }
const notCloneable = (path: string) => ({ code: 'ERR_TROUPE_NOT_CLONEABLE', path })

describe('an argument marked by transfer()', () => {
  it('can be a port to a thread, and a ReadableStream, which arrives as one', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Mover>(mover)
    const { port1, port2 } = new MessageChannel()
    const heard = once(port1, 'message')
    await proxy.greetThrough(transfer(port2, [port2]))
    expect(await heard).toEqual(['hello'])
    await once(port1, 'close')
    const stream = new Blob(['a', 'b']).stream()
    expect(await proxy.readAll(transfer(stream, [stream]))).toBe('ab')
  })

  it('can be neither to a process: the call is refused, and they stay where they are', async () => {
    await using pool = new Pool()
    const { proxy } = await (await placeOf(pool, 'process')).spawn<Mover>(mover)
    const { port1, port2 } = new MessageChannel()
    await expect(proxy.greetThrough(transfer(port2, [port2]))).rejects.toMatchObject(notCloneable('argument 0'))
    const stream = new Blob(['a', 'b']).stream()
    await expect(proxy.readAll(transfer(stream, [stream]))).rejects.toMatchObject(notCloneable('argument 0'))
    expect(await new Response(stream).text()).toBe('ab')
    const heard = once(port1, 'message')
    port2.postMessage('still mine')
    expect(await heard).toEqual(['still mine'])
    port1.close()
  })
})

describe('a small Buffer, which Node has cut out of a memory with others,', () => {
  const small = Buffer.from('small')

  it.each<[string, unknown[]]>([
    ['alone', [small]],
    ['twice', [small, small]],
    ['beside one that is moved', [small, transfer(new Uint8Array(9), [])]],
    ['beside a value of another kind', [small, new Date(0)]],
    ['beside many bytes', [small, new Uint8Array(5_000).buffer]],
    ['beside what stays here', [small, Comlink.proxy(() => {})]],
    ['marked to be moved', [transfer(Buffer.from('small'), [small.buffer as ArrayBuffer])]],
  ])('comes without them: %s', async (_, values) => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Mover>(mover)
    const views = values.filter((value) => ArrayBuffer.isView(value))
    expect(await proxy.memories(...(values as never[]))).toEqual(views.map(({ byteLength }) => byteLength))
    expect(small.toString()).toBe('small')
  })

  it('comes without them inside of an object too, which stays as it is, and as a field of an error', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Mover>(mover)
    const value = { parts: [small, new Uint8Array(5_000)] }
    expect(await proxy.sizes(value)).toEqual([5, 5_000])
    expect(value.parts[0]).toBe(small)
    const error = (await proxy.failWith('small').catch((thrown: unknown) => thrown)) as { readonly text: Uint8Array }
    expect([Buffer.from(error.text).toString(), error.text.buffer.byteLength]).toEqual(['small', 5])
  })
})

describe.each(KINDS)('in a %s:', (kind) => {
  const done = { thread: 'moved', process: 'copied' }[kind]

  describe('an argument marked by transfer()', () => {
    it.each([
      ['Troupe', transfer],
      ['Comlink', Comlink.transfer],
    ])(`is ${done}, with the marker of %s`, async (_, mark) => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      const buffer = new ArrayBuffer(20_000)
      expect(await proxy.sizeOf(mark(buffer, [buffer]))).toBe(20_000)
      expect(buffer.byteLength).toBe(leftOf(kind, 20_000))
    })

    it('is copied where only Comlink knows of it, and copying up to 16 KiB costs less than to ask', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      const [small, large] = [new Uint8Array(16_384), new Uint8Array(16_385)]
      for (const each of [small, large]) await proxy.sizes({ parts: [Comlink.transfer(each, [each.buffer])] })
      expect([small.byteLength, large.byteLength]).toEqual([16_384, leftOf(kind, 16_385)])
    })

    it(`is ${done} out of a map or a set`, async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      const [one, other] = [new Uint8Array(10), new Uint8Array(20)]
      const [map, set] = [new Map([['part', one]]), new Set([other])]
      await proxy.sizeOf(Comlink.transfer(map, [one.buffer]) as never)
      await proxy.sizeOf(Comlink.transfer(set, [other.buffer]) as never)
      expect([one.byteLength, other.byteLength]).toEqual([leftOf(kind, 10), leftOf(kind, 20)])
    })

    it(`is ${done} where it stands inside of plain objects and arrays`, async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      const [moved, copied] = [new Uint8Array(10), new Uint8Array(20)]
      expect(await proxy.sizes({ parts: [transfer(moved, [moved.buffer]), copied] })).toEqual([10, 20])
      expect([moved.byteLength, copied.byteLength]).toEqual([leftOf(kind, 10), 20])
    })

    it(`is ${done} with what the marked object holds`, async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      const part = new Uint8Array(10)
      expect(await proxy.sizes(transfer({ parts: [part] }, [part.buffer]))).toEqual([10])
      expect(part.byteLength).toBe(leftOf(kind, 10))
    })

    it('is copied where its memory is shared with other Buffers, which stay whole', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      const [one, other] = [Buffer.from('one'), Buffer.from('other')]
      expect(one.buffer).toBe(other.buffer)
      expect(await proxy.textOf(transfer(one, [one.buffer]))).toBe('one')
      expect([one.toString(), other.toString()]).toEqual(['one', 'other'])
    })

    it('is refused when it is listed twice, or has been moved already; calls beside it go on', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      const [twice, gone, good] = [new ArrayBuffer(1), new ArrayBuffer(2), new ArrayBuffer(3)]
      structuredClone(gone, { transfer: [gone] })
      const outcomes = await Promise.allSettled([
        proxy.sizeOf(transfer(twice, [twice, twice])),
        proxy.sizeOf(transfer(gone, [gone])),
        proxy.sizeOf(transfer(good, [good])),
      ])
      expect(outcomes).toMatchObject([
        { reason: notCloneable('what its transfer list names') },
        { reason: notCloneable('what its transfer list names') },
        { value: 3 },
      ])
      expect(twice.detached).toBe(false)
    })

    it('is not moved by a call that is refused for another argument', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      const buffer = new ArrayBuffer(8)
      const bad = proxy as unknown as { sizeOf(...args: unknown[]): Promise<number> }
      await expect(bad.sizeOf(transfer(buffer, [buffer]), () => {})).rejects.toMatchObject(notCloneable('argument 1'))
      expect(buffer.detached).toBe(false)
      expect(await proxy.sizeOf(buffer)).toBe(8)
      expect(buffer.byteLength).toBe(leftOf(kind, 8)) // its mark has stayed
    })

    it('is moved beside one that the other marker has marked', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      const [one, other] = [new Uint8Array(10), new Uint8Array(20_000)]
      const parts = [transfer(one, [one.buffer]), Comlink.transfer(other, [other.buffer])]
      expect(await proxy.sizes({ parts })).toEqual([10, 20_000])
      expect([one.byteLength, other.byteLength]).toEqual([leftOf(kind, 10), leftOf(kind, 20_000)])
    })

    const after = kind === 'thread' ? 'is not sent again, and says so' : 'is sent again'
    it(`that had not begun when its ${kind} died ${after}`, async () => {
      await using pool = new Pool()
      const supervision = { restart: 'permanent' } as const
      const handle = await (await placeOf(pool, kind)).spawn<Mover>({ ...mover, invoker: 'serialized', supervision })
      const [first, moved, copied] = [new ArrayBuffer(1), new ArrayBuffer(2), new ArrayBuffer(3)]
      const outcomes = await Promise.allSettled([
        handle.proxy.crash(first),
        handle.proxy.sizeOf(transfer(moved, [moved])),
        handle.proxy.sizeOf(copied),
      ])
      expect(outcomes).toMatchObject([
        { reason: { code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: true } },
        kind === 'thread' ? { reason: { code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: false } } : { value: 2 },
        { value: 3 },
      ])
    })
  })

  describe('a result marked by transfer()', () => {
    it(`is ${done}, at the top and inside of an object, also when it comes later`, async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      expect(await proxy.give(16)).toEqual(new Uint8Array(16).fill(7))
      expect(await proxy.keptBytes()).toBe(leftOf(kind, 16))
      expect(await proxy.giveNested(8)).toEqual({ name: 'nested', bytes: new Uint8Array(8).fill(7) })
      expect(await proxy.keptBytes()).toBe(leftOf(kind, 8))
    })

    it('is refused when it is listed twice, and the service goes on', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      await expect(proxy.giveTwice()).rejects.toMatchObject(notCloneable('what its transfer list names'))
      expect(await proxy.give(1)).toEqual(new Uint8Array([7]))
    })
  })

  describe('an item marked by transfer()', () => {
    it(`is ${done}: its generator finds what is left of it`, async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Mover>(mover)
      const items = await Array.fromAsync(proxy.chunks(2))
      const left = leftOf(kind, 4)
      expect(items).toEqual([new Uint8Array(4).fill(0), left, new Uint8Array(4).fill(1), left])
    })
  })
})
