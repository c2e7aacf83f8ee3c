import {
  BatchingInvoker,
  ConcurrencyLimitInvoker,
  type InvokerSpec,
  PerMethodInvoker,
  Pool,
  RetryInvoker,
  SerializedInvoker,
} from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Probe } from '../fixtures/services/probe.ts'

const probe = { name: 'probe', module: fixture('probe.ts') }

describe.each(KINDS)('in a %s:', (kind) => {
  describe('an invoker for each method', () => {
    it('serializes the calls of one method, while those of others overtake them', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker: { waitAt: 'serialized' } })
      const waiting = [proxy.waitAt(0, 'first'), proxy.waitAt(1, 'second')]
      expect(await proxy.now(2)).toBe(2)
      expect((await proxy.takeReport()).begun).toEqual([0, 2])
      await proxy.open('first')
      expect(await waiting[0]).toBe(0)
      await proxy.open('second')
      expect(await waiting[1]).toBe(1)
    })

    it('has what all methods share under `*`', async () => {
      await using pool = new Pool()
      const invoker: InvokerSpec = { later: 'concurrent', '*': 'serialized' }
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
      await Promise.all([proxy.later(0, 3), proxy.later(1, 2), proxy.now(2)])
      expect((await proxy.takeReport()).mostRunning).toBe(1)
    })

    it('takes a layer for a method, around an invoker for all', async () => {
      await using pool = new Pool()
      const shared = new ConcurrencyLimitInvoker({ maxConcurrent: 1 })
      const invoker: InvokerSpec = { later: (next) => new RetryInvoker({}, next), '*': shared }
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>({ ...probe, invoker })
      const calls = [proxy.later(0, 2), proxy.later(1, 2)]
      expect([shared.running, shared.waiting]).toEqual([1, 1])
      expect(await Promise.all(calls)).toEqual([0, 1])
    })

    it('can be registered before the service is added', async () => {
      await using pool = new Pool()
      pool.register('probe', { waitAt: 'serialized' })
      const { proxy } = await (await placeOf(pool, kind)).spawn<Probe>(probe)
      const waiting = [proxy.waitAt(0, 'gate'), proxy.waitAt(1, 'gate')]
      expect((await proxy.takeReport()).begun).toEqual([0])
      await proxy.open('gate')
      expect(await Promise.all(waiting)).toEqual([0, 1])
    })

    it.each<readonly [string, InvokerSpec, string]>([
      ['an invoker', { nwo: 'serialized', now: 'concurrent' }, '"nwo"'],
      ['a layer', new PerMethodInvoker({ nwo: (next) => new RetryInvoker({}, next) }), '"nwo"'],
      ['a layer around another', new RetryInvoker({}, new PerMethodInvoker({ nwo: (next) => next })), '"nwo"'],
      ['a batch method', new BatchingInvoker({ methods: { now: 'nowMany' } }), '"nowMany"'],
    ])('fails the start when %s is for a method that the service does not expose', async (_, invoker, named) => {
      await using pool = new Pool()
      const place = await placeOf(pool, kind)
      await expect(place.spawn<Probe>({ ...probe, invoker })).rejects.toMatchObject({
        code: 'ERR_TROUPE_START_FAILED',
        cause: {
          code: 'ERR_TROUPE_BAD_OPTIONS',
          message: expect.stringMatching(
            new RegExp(`^the invoker of "probe" is for ${named}, the service exposes: .*now`),
          ),
        },
      })
      expect(pool.names).toEqual([])
    })
  })
})

describe('an invoker for each method', () => {
  it.each<readonly [string, unknown, string]>([
    ['an unknown name', { now: 'parallel' }, '"now"'],
    ['a whole invoker for one method', { now: new SerializedInvoker() }, '"now"'],
    ['a layer for all', { '*': () => new SerializedInvoker() }, '"*"'],
    ['a layer around another invoker', { now: () => new SerializedInvoker() }, '"now"'],
    ['no object at all', 7, '"invoker"'],
    ['null', null, '"invoker"'],
  ])('is refused with BAD_OPTIONS for %s', async (_, invoker, named) => {
    await using pool = new Pool()
    const expected = { code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(named) }
    expect(() => pool.add<Probe>({ ...probe, invoker: invoker as InvokerSpec })).toThrow(
      expect.objectContaining(expected),
    )
    expect(() => pool.register('other', invoker as InvokerSpec)).toThrow(expect.objectContaining(expected))
  })
})
