import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Returner } from '../fixtures/services/returner.ts'

const returner = { name: 'returner', module: fixture('returner.ts') }

describe.each(KINDS)('in a %s:', (kind) => {
  describe.each(['concurrent', 'serialized', 'deduplicating'] as const)(
    'what a call returns to iterate (%s)',
    (invoker) => {
      it('a ReadableStream is a stream of its chunks', async () => {
        await using pool = new Pool()
        const { proxy } = await (await placeOf(pool, kind)).spawn<Returner>({ ...returner, invoker })
        const chunks = await Array.fromAsync(await proxy.readable(3))
        expect(chunks).toEqual([new Uint8Array([0]), new Uint8Array([1]), new Uint8Array([2])])
      })

      it('the generator that an async method returns is a stream, with back-pressure', async () => {
        await using pool = new Pool()
        const { proxy } = await (await placeOf(pool, kind)).spawn<Returner>({ ...returner, invoker })
        const items = await Array.fromAsync(await proxy.generator(1_000))
        expect(items).toEqual(Array.from({ length: 1_000 }, (_, n) => n))
        expect(await proxy.heard()).toEqual(['generator ends'])
      })

      it('anything with an async iterator will do, also one that can only go on', async () => {
        await using pool = new Pool()
        const { proxy } = await (await placeOf(pool, kind)).spawn<Returner>({ ...returner, invoker })
        expect(await Array.fromAsync(await proxy.bare(3))).toEqual([0, 1, 2])
        for await (const n of await proxy.bare(1_000_000)) if (n === 10) break
        expect(await proxy.heard()).toEqual([])
      })

      it('is left like any stream: the producer is told, and waited for', async () => {
        await using pool = new Pool()
        const handle = await (await placeOf(pool, kind)).spawn<Returner>({ ...returner, invoker })
        for await (const n of await handle.proxy.endless()) if (n === 300) break
        expect(await handle.proxy.heard()).toEqual(['generator ends'])
        for await (const _ of await handle.proxy.readable(1_000)) break
        expect(await handle.proxy.heard()).toEqual(['generator ends', 'readable cancelled'])
        expect(handle.stats()).toMatchObject({ pending: 0, queued: 0 })
      })

      it('whose iterator can’t be made rejects the call, and the service goes on', async () => {
        await using pool = new Pool()
        const { proxy } = await (await placeOf(pool, kind)).spawn<Returner>({ ...returner, invoker })
        await expect(proxy.broken()).rejects.toThrow(new RangeError('no iterator'))
        expect(await proxy.heard()).toEqual([])
      })
    },
  )

  it('the death of the thread rejects the reader of a returned stream', async () => {
    await using pool = new Pool()
    const handle = await (await placeOf(pool, kind)).spawn<Returner>(returner)
    const read = (async () => {
      for await (const n of await handle.proxy.endless()) if (n === 300) handle.proxy.exit().catch(() => {})
    })()
    await expect(read).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED', exitCode: 4, mayHaveRun: true })
  })

  it('an abort before the stream was returned rejects the call, and ends the producer', async () => {
    await using pool = new Pool()
    const handle = await (await placeOf(pool, kind)).spawn<Returner>(returner)
    const aborter = new AbortController()
    const call = expect(handle.proxy.$with({ signal: aborter.signal }).endless()).rejects.toThrow('aborted')
    aborter.abort()
    await call
    while (handle.stats().pending > 0) await handle.proxy.heard()
    expect(await handle.proxy.heard()).toEqual(['generator ends'])
  })
})
