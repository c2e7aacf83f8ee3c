import { BatchingInvoker, type BatchingOptions, NoSuchServiceError, Pool } from '@troupe/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Shelf } from '../fixtures/services/shelf.ts'
import { SkippingClock } from '../fixtures/skipping-clock.ts'
import { WatchedClock } from '../fixtures/watched-clock.ts'

const methods = { get: 'getMany', wrong: 'wrongMany', fails: 'failsMany', waits: 'waitsMany', asks: 'asksMany' }

describe.each(KINDS)('in a %s:', (kind) => {
  async function spawnShelf(pool: Pool, options: Partial<BatchingOptions> = {}) {
    const clock = new WatchedClock()
    const invoker = new BatchingInvoker({ methods, clock, ...options })
    const handle = await (await placeOf(pool, kind)).spawn<Shelf>({
      name: 'shelf',
      module: fixture('shelf.ts'),
      invoker,
    })
    return { clock, handle, proxy: handle.proxy }
  }

  describe('batching', () => {
    it('makes one call of those of a turn, its promises included, and gives each caller its own result', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnShelf(pool)
      const later = Promise.resolve().then(async () => {
        await undefined
        return proxy.get('c')
      })
      const rows = await Promise.all([proxy.get('a'), proxy.get('b'), later])
      expect(rows.map(({ key }) => key)).toEqual(['a', 'b', 'c'])
      expect(await proxy.takeLog()).toEqual(['getMany a,b,c'])
    })

    it('refuses those alone whose arguments can’t be sent, and sends the others', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnShelf(pool)
      const bad = proxy as unknown as { get(key: unknown): Promise<unknown> }
      const asked = [proxy.get('a'), bad.get(() => 1), proxy.get('b'), bad.get({ deep: [() => 2] }), proxy.get('c')]
      expect(await Promise.allSettled(asked)).toMatchObject([
        { value: { key: 'a' } },
        { reason: { code: 'ERR_TROUPE_NOT_CLONEABLE', path: 'argument 0' } },
        { value: { key: 'b' } },
        { reason: { code: 'ERR_TROUPE_NOT_CLONEABLE', path: 'argument 0.deep[0]' } },
        { value: { key: 'c' } },
      ])
      expect(await proxy.takeLog()).toEqual(['getMany a,b,c'])
    })

    it('is not sent again for what a call of the batch method could not send', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnShelf(pool)
      const outcomes = await Promise.allSettled([proxy.asks(1), proxy.asks(2), proxy.asks(3)])
      const refused = { reason: { code: 'ERR_TROUPE_NOT_CLONEABLE', path: 'argument 0[1]' } }
      expect(outcomes).toMatchObject([refused, refused, refused])
      expect(await proxy.takeLog()).toEqual(['asksMany 1,2,3'])
    })

    it('gives an entry made by `failed` to its caller alone, as the error that it was', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnShelf(pool)
      async function fetchMissing(): Promise<void> {
        await proxy.get('missing')
      }
      const outcomes = await Promise.allSettled([proxy.get('a'), fetchMissing(), proxy.get('b')])
      expect(outcomes).toMatchObject([{ value: { key: 'a' } }, { status: 'rejected' }, { value: { key: 'b' } }])
      const { reason } = outcomes[1] as PromiseRejectedResult
      expect(reason).toBeInstanceOf(NoSuchServiceError)
      expect(reason).toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_SERVICE', shelf: 1 })
      expect(reason.stack).toMatch(/shelf\.ts[\s\S]*fetchMissing/)
    })

    it('leaves its calls what is left of their time, in a turn that takes long', async () => {
      const clock = new SkippingClock()
      await using pool = new Pool({ clock })
      const invoker = new BatchingInvoker({ methods, clock, maxSize: 2 })
      const place = await placeOf(pool, kind)
      const { proxy } = await place.spawn<Shelf>({ name: 'shelf', module: fixture('shelf.ts'), invoker })
      let late = 0
      const waits = (n: number) =>
        proxy
          .$with({ timeoutMs: 1_000 })
          .waits(n)
          .catch(() => late++)
      const first = waits(1)
      clock.skip(600)
      const second = waits(2) // the batch is full, and leaves
      await clock.advance(399)
      expect(late).toBe(0)
      await clock.advance(601)
      await Promise.all([first, second])
      expect(late).toBe(2)
    })

    it('gives no two callers the same object', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnShelf(pool)
      const [first, second] = await Promise.all([proxy.get('same'), proxy.get('same')])
      first.tags.push('changed')
      expect(second).toEqual({ key: 'same', tags: [] })
    })

    it('rejects every caller with the error of the batch method', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnShelf(pool)
      const reason = expect.objectContaining({ constructor: RangeError, message: 'the whole batch' })
      expect(await Promise.allSettled([proxy.fails(1), proxy.fails(2)])).toMatchObject([{ reason }, { reason }])
    })

    it.each([
      ['short', '1'],
      ['long', '3'],
      ['none', 'undefined'],
      ['text', 'string'],
    ])('rejects every caller with BAD_BATCH when the batch method returns what is %s', async (kind, found) => {
      await using pool = new Pool()
      const { proxy } = await spawnShelf(pool)
      const wrong = (proxy as unknown as { wrong(kind: string): Promise<string> }).wrong
      const reason = {
        code: 'ERR_TROUPE_BAD_BATCH',
        message: `"shelf.wrongMany" must return a list of 2 entries, one for each call, found ${found}`,
      }
      expect(await Promise.allSettled([wrong(kind), wrong(kind)])).toMatchObject([{ reason }, { reason }])
    })

    it('sends a batch that is full at once, and the rest in another', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnShelf(pool, { maxSize: 2 })
      await Promise.all(['a', 'b', 'c'].map((key) => proxy.get(key)))
      expect(await proxy.takeLog()).toEqual(['getMany a,b', 'getMany c'])
    })

    it('gathers for `maxDelayMs`, from the first call on', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnShelf(pool, { maxDelayMs: 20 })
      const calls = [proxy.get('a')]
      await clock.advance(19)
      calls.push(proxy.get('b'))
      await clock.advance(1)
      calls.push(proxy.get('c'))
      await clock.advance(20)
      await Promise.all(calls)
      expect(await proxy.takeLog()).toEqual(['getMany a,b', 'getMany c'])
      expect(clock.pending).toBe(0)
    })

    it('lets no call and no stream overtake another', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnShelf(pool)
      const kinds = fc.array(fc.constantFrom('get', 'put', 'keys'), { maxLength: 20 })
      await fc.assert(
        fc.asyncProperty(kinds, async (kinds) => {
          await Promise.all(
            kinds.map((kind, n) => (kind === 'keys' ? proxy.keys().next() : proxy[kind as 'put'](String(n)))),
          )
          const expected = kinds.map((kind, n) => (kind === 'keys' ? 'keys' : `${kind} ${n}`))
          const log = await proxy.takeLog()
          const single = log.flatMap((line) => {
            const [, keys] = /^getMany (.*)$/.exec(line) ?? []
            return keys === undefined ? [line] : keys.split(',').map((key) => `get ${key}`)
          })
          expect(single).toEqual(expected)
        }),
        { numRuns: 50 },
      )
    })

    it('goes on for the others when one caller leaves, and is aborted when all have left', async () => {
      await using pool = new Pool()
      const { handle } = await spawnShelf(pool)
      const callers = [new AbortController(), new AbortController()]
      const calls = callers.map(({ signal }, n) => handle.proxy.$with({ signal }).waits(n))
      const settled = Promise.allSettled(calls)
      callers[0]!.abort(new Error('first'))
      await expect(calls[0]).rejects.toThrow('first')
      expect(await handle.proxy.takeLog()).toEqual(['waitsMany 1'])
      callers[1]!.abort(new Error('second'))
      expect(await settled).toMatchObject([{ reason: { message: 'first' } }, { reason: { message: 'second' } }])
      expect(await handle.proxy.takeLog()).toEqual(['aborted: second'])
    })

    it('sends no batch that nobody waits for, and keeps it from those who come after', async () => {
      await using pool = new Pool()
      const { clock, proxy } = await spawnShelf(pool, { maxDelayMs: 20 })
      const caller = new AbortController()
      const left = expect(proxy.$with({ signal: caller.signal }).get('a')).rejects.toThrow('enough')
      caller.abort(new Error('enough'))
      await left
      expect(clock.pending).toBe(0)
      const call = proxy.get('b')
      await clock.advance(20)
      await call
      expect(await proxy.takeLog()).toEqual(['getMany b'])
    })

    it('rejects at its own deadline a call whose batch goes on', async () => {
      await using pool = new Pool()
      const { proxy } = await spawnShelf(pool)
      const caller = new AbortController()
      const patient = expect(proxy.$with({ signal: caller.signal }).waits(0)).rejects.toThrow('enough')
      await expect(proxy.$with({ timeoutMs: 5 }).waits(1)).rejects.toMatchObject({
        code: 'ERR_TROUPE_DEADLINE',
        limitMs: 5,
        message: expect.stringContaining('"shelf.waits"'),
      })
      caller.abort(new Error('enough'))
      await patient
    })
  })
})

it.each([
  ['maxSize', { maxSize: 0 }],
  ['maxDelayMs', { maxDelayMs: -1 }],
  ['get', { methods: { get: 'get' } }],
])('a BatchingInvoker is refused with a wrong %s', (name, options) => {
  expect(() => new BatchingInvoker({ methods, ...options })).toThrow(
    expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(`"${name}"`) }),
  )
})
