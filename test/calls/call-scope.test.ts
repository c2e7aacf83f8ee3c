import { AsyncLocalStorage } from 'node:async_hooks'
import { Pool, proxy, registerStore, registerTraceProvider } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Lodger } from '../fixtures/services/lodger.ts'
import type { Asking, Scoped, Silent } from '../fixtures/services/scoped.ts'
import { leaveTenant, tenant } from '../fixtures/services/tenant-store.ts'

const module = fixture('scoped.ts')
const scoped = { name: 'scoped', module, exportName: 'Scoped' }
const identity = { caller: 'root', service: 'scoped' }
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe.each(KINDS)('in a %s:', (kind) => {
  const open = async (pool: Pool) => (await (await placeOf(pool, kind)).spawn<Scoped>(scoped)).proxy

  describe('the scope of a call', () => {
    it('names who calls which method of which service', async () => {
      await using pool = new Pool()
      expect(await (await open(pool)).own()).toMatchObject({ ...identity, method: 'own' })
    })

    it('is the same for helpers outside of the class, before and after an `await`, whatever runs in between', async () => {
      await using pool = new Pool()
      const proxy = await open(pool)
      const told = await Promise.all([100_000, 200_000, 300_000].map((timeoutMs) => proxy.$with({ timeoutMs }).later()))
      for (const [index, pair] of told.entries()) {
        for (const scope of pair) {
          expect(scope).toMatchObject({ ...identity, method: 'later' })
          expect(Math.ceil(scope!.remainingMs! / 100_000)).toBe(index + 1)
        }
      }
    })

    it('holds in a generator, for as long as it runs', async () => {
      await using pool = new Pool()
      const told = await Array.fromAsync((await open(pool)).$with({ traceparent: TRACEPARENT }).each(3))
      const each = { ...identity, method: 'each', remainingMs: null, trace: { traceparent: TRACEPARENT } }
      expect(told).toEqual([each, each, each])
    })

    it('gives a call made within it no more time than remains, also after it had its thread to itself', async () => {
      await using pool = new Pool()
      const place = await placeOf(pool, kind)
      const other = await place.spawn<Scoped>({ ...scoped, name: 'other' })
      const { proxy } = await place.spawn<Scoped>({ ...scoped, name: 'asking' })
      const [left, told] = (await proxy.$with({ timeoutMs: 60_000 }).remainsBehind(other.name, 300)) as [number, number]
      expect(left).toBeLessThan(59_701)
      expect(told).toBeLessThanOrEqual(left)
    })

    it('limits a call that it makes by `this.context.call` too', async () => {
      await using pool = new Pool()
      const place = await placeOf(pool, kind)
      const other = await place.spawn<Scoped>({ ...scoped, name: 'other' })
      const { proxy } = await place.spawn<Scoped>({ ...scoped, name: 'asking' })
      const [left] = await proxy.$with({ timeoutMs: 5_000 }).remainsByCall(other.name)
      expect(left).toBeGreaterThan(0)
      expect(left).toBeLessThanOrEqual(5_000)
    })

    it('begins anew for each call: a store that one has entered is not there for the next', async () => {
      await using pool = new Pool()
      const proxy = await open(pool)
      expect(await Promise.all(['a', 'b'].map((name) => proxy.moveIn(name)))).toEqual([
        [undefined, 'a'],
        [undefined, 'b'],
      ])
      expect(await proxy.moveIn('c')).toEqual([undefined, 'c'])
    })

    it('has no deadline where the call has none', async () => {
      await using pool = new Pool()
      expect(await (await open(pool)).$with({ timeoutMs: null }).own()).toMatchObject({ remainingMs: null })
    })

    it('tells what remains of the time: less after work, and less for who waited behind it', async () => {
      await using pool = new Pool()
      const own = (await open(pool)).$with({ timeoutMs: 60_000 })
      const [[before, after], [behind]] = (await Promise.all([own.remains(20), own.remains(0)])) as [number[], number[]]
      expect(before).toBeLessThanOrEqual(60_000)
      expect(after).toBeLessThanOrEqual(before! - 20)
      expect(behind).toBeLessThanOrEqual(before! - 20)
    })

    it('is there for helpers of a class that says `static readsCalls = true`', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Asking>({
        name: 'asking',
        module,
        exportName: 'Asking',
      })
      const here = { service: 'asking', method: 'later', remainingMs: expect.any(Number) }
      expect(await proxy.later()).toMatchObject([here, here])
    })

    it('is not there, at no time, for helpers of a class that doesn’t ask', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Silent>({
        name: 'silent',
        module,
        exportName: 'Silent',
      })
      expect(await proxy.later()).toEqual([undefined, undefined])
    })
  })

  describe('the trace of a call', () => {
    const trace = { traceparent: TRACEPARENT, tracestate: 'rojo=00f067aa0ba902b7' }

    it('is what the caller gave', async () => {
      await using pool = new Pool()
      const proxy = await open(pool)
      expect(await proxy.$with(trace).own()).toMatchObject({ trace })
      expect((await proxy.own())!.trace).toBeUndefined()
    })

    it('is what the caller gave to a proxy that was made before the service', async () => {
      await using pool = new Pool()
      const early = pool.proxy<Scoped>('scoped')
      await open(pool)
      expect(await early.$with(trace).own()).toMatchObject({ trace })
    })

    it('is what a provider says at the call, if the caller gave none', async () => {
      await using pool = new Pool()
      const proxy = await open(pool)
      const isKept = registerTraceProvider(() => ({ ...trace, span: () => {} }))
      try {
        expect((await proxy.own())!.trace).toEqual(trace)
        expect((await proxy.$with({ traceparent: TRACEPARENT }).own())!.trace).toEqual({ traceparent: TRACEPARENT })
        expect(() => registerTraceProvider(() => undefined)).toThrow(
          expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }),
        )
      } finally {
        isKept()
      }
      expect((await proxy.own())!.trace).toBeUndefined()
    })

    it('waits in the mailbox with its call', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Scoped>(scoped)
      await handle.pause()
      const waiting = handle.proxy.$with(trace).own()
      await handle.start()
      expect(await waiting).toMatchObject({ trace })
    })

    it.each([
      ['no text', 5],
      ['another text', 'b3: 1'],
      ['an id of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
      ['the version ff', TRACEPARENT.replace(/^00/, 'ff')],
    ])('is refused by BAD_OPTIONS where it is none: %s', async (_, traceparent) => {
      await using pool = new Pool()
      const proxy = await open(pool)
      expect(() => proxy.$with({ traceparent: traceparent as string })).toThrow(
        expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }),
      )
    })
  })

  describe('a registered store', () => {
    it('has in the method the value that it had at the call, as it was then', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Scoped>(scoped)
      await handle.pause()
      const value = { name: 'acme', seen: new Set([1]) }
      const waiting = tenant.run(value, () => handle.proxy.tenant())
      value.seen.add(2)
      await handle.start()
      const expected = { name: 'acme', seen: new Set([1]) }
      expect(await waiting).toEqual([expected, expected])
      expect(await handle.proxy.tenant()).toEqual([undefined, undefined])
    })

    it('travels to a class that doesn’t ask for its calls', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Silent>({
        name: 'silent',
        module,
        exportName: 'Silent',
      })
      expect(await tenant.run('acme', () => proxy.tenant())).toBe('acme')
    })

    it('stays at home with a value that can’t be copied, and the call goes on', async () => {
      await using pool = new Pool()
      const proxy = await open(pool)
      expect(
        await tenant.run(
          () => {},
          () => proxy.tenant(),
        ),
      ).toEqual([undefined, undefined])
    })

    it('can be there several times, as it is in a thread where several modules load it: each of them holds the same', async () => {
      await using pool = new Pool()
      const place = await pool.context({ name: 'lodgings', kind })
      const { proxy: one } = await place.spawn<Silent>({ ...scoped, exportName: 'Silent' })
      const { proxy: other } = await place.spawn<Lodger>({ name: 'lodger', module: fixture('lodger.ts') })
      expect(await tenant.run('acme', () => Promise.all([one.tenant(), other.tenant()]))).toEqual(['acme', 'acme'])
      const second = new AsyncLocalStorage<unknown>()
      const leave = registerStore('tenant', second)
      expect(await second.run('globex', () => one.tenant())).toBe('globex')
      leave()
      expect(await second.run('globex', () => one.tenant())).toBeUndefined()
      expect(await tenant.run('acme', () => one.tenant())).toBe('acme')
    })

    it.each([
      ['a name', [5, new AsyncLocalStorage()]],
      ['a store', ['tenant', {}]],
    ])('needs %s', (_, args) => {
      expect(() => registerStore(...(args as [string, never]))).toThrow(
        expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }),
      )
    })

    it('is not that of the call which opened the way, for what its service calls back', async () => {
      await using pool = new Pool()
      const service = await open(pool)
      const seen: unknown[] = []
      const ask = () => service.callBack(proxy(() => void seen.push(tenant.getStore())))
      await tenant.run('acme', ask)
      await tenant.run('globex', ask)
      await ask()
      expect(seen).toEqual([undefined, undefined, undefined])
    })

    it('is not that of the stream which a call has waited for', async () => {
      await using pool = new Pool()
      const spec = { ...scoped, exportName: 'Silent', invoker: 'serialized' } as const
      const { proxy } = await (await placeOf(pool, kind)).spawn<Silent>(spec)
      const tenants = tenant.run('acme', () => Array.fromAsync(proxy.tenants(2)))
      expect(await Promise.all([tenants, proxy.tenant(), proxy.tenant()])).toEqual([
        ['acme', 'acme'],
        undefined,
        undefined,
      ])
    })

    it('travels with a call by `pool.call` too', async () => {
      await using pool = new Pool()
      await (await placeOf(pool, kind)).spawn<Scoped>(scoped)
      expect(await tenant.run('acme', () => pool.call('scoped', 'tenant'))).toEqual(['acme', 'acme'])
    })

    it('that was taken back travels no more', async () => {
      await using pool = new Pool()
      const proxy = await open(pool)
      leaveTenant()
      try {
        expect(await tenant.run('acme', () => proxy.tenant())).toEqual([undefined, undefined])
      } finally {
        registerStore('tenant', tenant)
      }
    })
  })
})
