/** What Comlink's `transferHandlers` do to arguments, results and items: registered in the owner, and in the service. */
import { Pool, transfer, transferHandlers } from '@troupe/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Comlink, fixture } from '../fixtures/index.ts'
import { KINDS, leftOf, placeOf } from '../fixtures/kinds.ts'
import { forgetCodecs, Ink, Money, registerCodecs } from '../fixtures/money.ts'
import type { Teller } from '../fixtures/services/teller.ts'

const teller = { name: 'teller', module: fixture('teller.ts') }

beforeAll(registerCodecs)
afterAll(forgetCodecs)

it('the registry is that of Comlink', () => {
  expect(Comlink.transferHandlers).toBe(transferHandlers)
})

describe.each(KINDS)('in a %s:', (kind) => {
  describe('a value with a codec', () => {
    it('crosses as an argument, a result and an item, with its class and its private fields', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Teller>(teller)
      const sum = await proxy.sum(new Money(2), new Money(3))
      expect(sum).toBeInstanceOf(Money)
      expect(sum.cents).toBe(5)
      const counted = await Array.fromAsync(proxy.count(new Money(2), 3))
      expect(counted.map(({ cents }) => cents)).toEqual([2, 4, 6])
    })

    it('crosses inside of plain objects and arrays, which stay as they were at the sender', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Teller>(teller)
      const account = { entries: [{ amount: new Money(1) }, { amount: new Money(2) }] }
      const { total } = await proxy.sumOf(account)
      expect(total.cents).toBe(3)
      expect(account.entries.map(({ amount }) => amount.cents)).toEqual([1, 2])
    })

    it('crosses inside of an object that stands in two places, and stays one object', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Teller>(teller)
      const shared = { money: new Money(5) }
      expect(await proxy.isShared({ a: shared, b: shared })).toBe(true)
    })

    it('can be one of the platform, such as URL and Headers', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Teller>(teller)
      const url = new URL('https://example.org/path')
      expect(await proxy.hostOf(url)).toBe('true example.org')
      const headers = await proxy.headersFor(url, new Headers({ accept: 'text/plain' }))
      expect([...headers]).toEqual([
        ['accept', 'text/plain'],
        ['host', 'example.org'],
      ])
    })

    it('is moved when its codec says so, and copied to a process', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Teller>(teller)
      const ink = new Ink(new ArrayBuffer(4))
      expect((await proxy.blot(ink)).buffer.byteLength).toBe(8)
      expect(ink.buffer.byteLength).toBe(leftOf(kind, 4))
    })

    it('does not keep plain values from crossing in batches, each as it was when it was handed over', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Teller>(teller)
      const value = { n: 0 }
      const calls = Array.from({ length: 3 }, (_, n) => {
        value.n = n
        return proxy.plainOf(value)
      })
      expect(await Promise.all(calls)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }])
    })
  })

  describe('a codec that fails', () => {
    it('fails the call with the path to the value and its own error as the cause, and the others go on', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Teller>(teller)
      const debt = { entries: [{ amount: new Money(-5) }] }
      const [bad, good] = await Promise.allSettled([proxy.sumOf(debt), proxy.sum(new Money(1))])
      expect(bad).toMatchObject({
        reason: {
          code: 'ERR_TROUPE_NOT_CLONEABLE',
          path: 'argument 0.entries[0].amount',
          cause: new RangeError('no debts'),
        },
      })
      expect(good).toMatchObject({ status: 'fulfilled' })
      await expect(proxy.owe()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_CLONEABLE', path: 'result' })
    })

    it('for it is not registered in the service’s thread, fails the call, and its method does not run', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Teller>(teller)
      transferHandlers.set('unknown there', {
        canHandle: (value): value is RegExp => value instanceof RegExp,
        serialize: (value) => [String(value), []],
        deserialize: (value) => value,
      })
      await expect(proxy.plainOf(/x/)).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_ARGUMENTS' })
      transferHandlers.delete('unknown there')
      expect(await proxy.plainOf(/x/)).toEqual(/x/)
    })

    it('takes a buffer as well, also one that is marked to be moved', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Teller>(teller)
      transferHandlers.set('of buffers', {
        canHandle: (value): value is ArrayBuffer => value instanceof ArrayBuffer,
        serialize: ({ byteLength }) => [byteLength, []],
        deserialize: (byteLength) => new ArrayBuffer(byteLength as number),
      })
      const buffer = new ArrayBuffer(8)
      const outcome = await proxy.plainOf(transfer(buffer, [buffer])).catch((thrown: unknown) => thrown)
      transferHandlers.delete('of buffers')
      expect(outcome).toMatchObject({ code: 'ERR_TROUPE_BAD_ARGUMENTS' }) // the service has no such codec
      expect(buffer.detached).toBe(false)
    })

    it('for it is not registered in the owner’s thread, rejects the call, or the reader of the stream', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Teller>(teller)
      const count = handle.proxy.count(new Money(1), 1_000)
      const sum = handle.proxy.sum(new Money(1))
      const first = count.next()
      forgetCodecs()
      try {
        await expect(sum).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_ARGUMENTS' })
        await expect(first).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_ARGUMENTS' })
      } finally {
        registerCodecs()
      }
      expect((await handle.proxy.sum(new Money(1))).cents).toBe(1)
    })
  })
})
