import { getEventListeners } from 'node:events'
import { ConcurrentInvoker, DeduplicatingInvoker, Pool, type PoolOptions } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Patient } from '../fixtures/services/patient.ts'

const patient = { name: 'patient', module: fixture('patient.ts') }

describe.each(KINDS)('in a %s:', (kind) => {
  async function open(pool: Pool, spec: object = {}) {
    const handle = await (await placeOf(pool, kind)).spawn<Patient>({ ...patient, ...spec })
    return { handle, proxy: handle.proxy }
  }

  /** Everything of the calls is over: nothing pending, nothing queued, nobody listens. */
  async function expectNothingLeft(handle: Awaited<ReturnType<typeof open>>['handle'], signal?: AbortSignal) {
    await handle.proxy.heard()
    expect(handle.stats()).toMatchObject({ pending: 0, queued: 0 })
    if (signal) expect(getEventListeners(signal, 'abort')).toEqual([])
  }

  describe('a call whose signal aborts', () => {
    it('before it is made rejects with the reason, and is not sent', async () => {
      await using pool = new Pool()
      const { handle, proxy } = await open(pool)
      const reason = new Error('never mind')
      await expect(proxy.$with({ signal: AbortSignal.abort(reason) }).waitAt('gate')).rejects.toBe(reason)
      expect(await proxy.heard()).toEqual([])
      await expectNothingLeft(handle)
    })

    it('while it waits in the mailbox rejects with the reason, and its method never begins', async () => {
      await using pool = new Pool()
      const { handle, proxy } = await open(pool)
      await handle.pause()
      const aborter = new AbortController()
      const reason = new Error('too slow')
      const aborted = expect(proxy.$with({ signal: aborter.signal }).waitAt('gate')).rejects.toBe(reason)
      expect(handle.stats().queued).toBe(1)
      aborter.abort(reason)
      await aborted
      expect(handle.stats().queued).toBe(0)
      await handle.start()
      expect(await proxy.heard()).toEqual([])
      await expectNothingLeft(handle, aborter.signal)
    })

    it('while it runs rejects at once, and the signal of its method aborts with the reason', async () => {
      await using pool = new Pool()
      const { handle, proxy } = await open(pool)
      const aborter = new AbortController()
      const aborted = expect(proxy.$with({ signal: aborter.signal }).waitAt('gate')).rejects.toMatchObject({
        name: 'AbortError',
      })
      expect(await proxy.heard()).toEqual(['gate begins'])
      aborter.abort()
      await aborted
      expect(await proxy.heard()).toEqual(['gate begins', 'gate aborts: AbortError'])
      await expectNothingLeft(handle, aborter.signal)
    })

    it('after its reply, and twice, changes nothing', async () => {
      await using pool = new Pool()
      const { handle, proxy } = await open(pool)
      const aborter = new AbortController()
      const call = proxy.$with({ signal: aborter.signal }).waitAt('gate')
      await proxy.open('gate')
      expect(await call).toBe('gate')
      expect(getEventListeners(aborter.signal, 'abort')).toEqual([])
      aborter.abort()
      aborter.abort()
      expect(await proxy.heard()).toEqual(['gate begins'])
      await expectNothingLeft(handle, aborter.signal)
    })

    it('and whose method will not listen rejects at once; the method goes on, and its place is free when it ends', async () => {
      await using pool = new Pool()
      const { handle, proxy } = await open(pool)
      const aborter = new AbortController()
      const aborted = expect(proxy.$with({ signal: aborter.signal }).ignoreAt('gate')).rejects.toThrow('aborted')
      await proxy.heard()
      aborter.abort()
      await aborted
      expect(handle.stats().pending).toBe(1)
      await proxy.open('gate')
      expect(await proxy.heard()).toEqual(['gate begins', 'gate ends'])
      await expectNothingLeft(handle, aborter.signal)
    })

    it('is one of a thousand with one signal: all reject, and one listener served them', async () => {
      await using pool = new Pool()
      const { handle, proxy } = await open(pool)
      const aborter = new AbortController()
      const own = proxy.$with({ signal: aborter.signal })
      const calls = Array.from({ length: 1_000 }, (_, index) => own.waitAt(`gate ${index}`))
      expect(getEventListeners(aborter.signal, 'abort')).toHaveLength(1)
      expect(handle.stats()).toMatchObject({ pending: 256, queued: 744 })
      aborter.abort()
      const outcomes = await Promise.allSettled(calls)
      expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
      expect(handle.stats().queued).toBe(0)
      await expectNothingLeft(handle, aborter.signal)
    })

    it('while it waits behind another rejects at once, and its method never begins', async () => {
      await using pool = new Pool()
      using notes = new Notebook()
      const { handle, proxy } = await open(pool, { invoker: 'serialized', options: { notes: notes.path } })
      const first = proxy.ignoreAt('first')
      const aborter = new AbortController()
      const second = expect(proxy.$with({ signal: aborter.signal }).waitAt('second')).rejects.toThrow('aborted')
      const third = proxy.scope(0)
      await notes.until('first begins')
      aborter.abort()
      await second
      expect(getEventListeners(aborter.signal, 'abort')).toEqual([])
      handle.kill() // nobody could open the gate of the first one while it has the service to itself
      await expect(first).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: true })
      await expect(third).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: false })
      expect(notes.lines).toEqual(['first begins'])
    })

    it('gives its place in a full mailbox to another', async () => {
      await using pool = new Pool()
      const { handle, proxy } = await open(pool, { invoker: new ConcurrentInvoker({ capacity: 2 }) })
      await handle.pause()
      const aborter = new AbortController()
      const first = expect(proxy.$with({ signal: aborter.signal }).heard()).rejects.toThrow('aborted')
      const second = proxy.heard()
      await expect(proxy.heard()).rejects.toMatchObject({ code: 'ERR_TROUPE_MAILBOX_FULL' })
      aborter.abort()
      await first
      const third = proxy.heard()
      await handle.start()
      expect(await Promise.all([second, third])).toEqual([[], []])
    })
  })

  describe('a stream whose signal aborts', () => {
    it('rejects its reader with the reason, and the producer’s finally runs', async () => {
      await using pool = new Pool()
      const { handle, proxy } = await open(pool)
      const aborter = new AbortController()
      const reason = new Error('enough')
      const stream = proxy.$with({ signal: aborter.signal }).items()
      expect(await stream.next()).toEqual({ done: false, value: 'items0' })
      aborter.abort(reason)
      const read = (async () => {
        for await (const _ of stream);
      })()
      await expect(read).rejects.toBe(reason)
      while (handle.stats().pending > 0) await proxy.heard()
      expect(await proxy.heard()).toEqual(['items ends, aborted'])
      await expectNothingLeft(handle, aborter.signal)
    })
  })

  describe('a deadline', () => {
    const limits: readonly (readonly [string, PoolOptions, number | null | undefined])[] = [
      ['of the pool', { timeoutMs: 20 }, undefined],
      ['of the call, over that of the pool', { timeoutMs: 60_000 }, 20],
      ['of the call, in a pool that has none', { timeoutMs: null }, 20],
    ]
    it.each(limits)('%s rejects a call that runs, and aborts its method', async (_, options, timeoutMs) => {
      await using pool = new Pool(options)
      const { handle, proxy } = await open(pool)
      const own = timeoutMs === undefined ? proxy : proxy.$with({ timeoutMs })
      const error = await own.waitAt('gate').catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'ERR_TROUPE_DEADLINE', limitMs: 20 })
      const free = proxy.$with({ timeoutMs: null })
      expect(await free.heard()).toEqual(['gate begins', 'gate aborts: DeadlineExceededError'])
      while (handle.stats().pending > 0) await free.heard() // the method's end is on its way
    })

    it('says that all of the time went on waiting when the call never began', async () => {
      await using pool = new Pool()
      const { handle, proxy } = await open(pool)
      await handle.pause()
      const error = await proxy
        .$with({ timeoutMs: 20 })
        .heard()
        .catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'ERR_TROUPE_DEADLINE', ranMs: 0 })
      expect((error as { waitedMs: number }).waitedMs).toBeGreaterThanOrEqual(20)
      expect(handle.stats().queued).toBe(0)
    })

    it('says how much went on waiting and how much on running', async () => {
      await using pool = new Pool()
      const { handle, proxy } = await open(pool)
      await handle.pause()
      const call = proxy.$with({ timeoutMs: 60 }).ignoreAt('gate')
      const rejected = call.catch((reason: unknown) => reason as { waitedMs: number; ranMs: number; message: string })
      await handle.start()
      const error = await rejected
      expect(error).toMatchObject({ code: 'ERR_TROUPE_DEADLINE' })
      const { waitedMs, ranMs, message } = error as { waitedMs: number; ranMs: number; message: string }
      expect(waitedMs).toBeGreaterThan(0)
      expect(ranMs).toBeGreaterThan(0)
      expect(message).toMatch(/"patient.ignoreAt" took longer than 60 ms: \d+ ms waiting, \d+ ms running$/)
    })

    it('of null is none, and a shorter one that comes later is met first', async () => {
      await using pool = new Pool({ timeoutMs: null })
      const { proxy } = await open(pool)
      const endless = proxy.ignoreAt('endless')
      const slow = proxy.$with({ timeoutMs: 60_000 }).ignoreAt('slow')
      await expect(proxy.$with({ timeoutMs: 10 }).ignoreAt('quick')).rejects.toMatchObject({ limitMs: 10 })
      await Promise.all([proxy.open('endless'), proxy.open('slow')])
      expect(await Promise.all([endless, slow])).toEqual(['endless', 'slow'])
    })

    it('that is given to a stream ends it; the pool’s does not', async () => {
      await using pool = new Pool({ timeoutMs: 30 })
      const { proxy } = await open(pool)
      const limited = (async () => {
        for await (const _ of proxy.$with({ timeoutMs: 10 }).items());
      })()
      await expect(limited).rejects.toMatchObject({ code: 'ERR_TROUPE_DEADLINE', limitMs: 10 })
      const startMs = performance.now()
      for await (const _ of proxy.items()) if (performance.now() - startMs > 60) break
    })

    it.each([0, -1, Number.NaN, '5'])('of %j is BAD_OPTIONS', async (timeoutMs) => {
      await using pool = new Pool()
      const { proxy } = pool.add<Patient>(patient)
      const badOptions = expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' })
      for (const make of [
        () => proxy.$with({ timeoutMs: timeoutMs as number }),
        () => proxy.$with(timeoutMs as never),
        () => new Pool({ timeoutMs: timeoutMs as number }),
      ]) {
        expect(make).toThrow(badOptions)
      }
    })
  })

  describe('the scope of a call', () => {
    it('tells caller and method, also after awaits and with other calls in between', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool)
      const scopes = await Promise.all([proxy.scope(3), proxy.scope(0), proxy.scope(1)])
      expect(scopes).toEqual(Array(3).fill({ method: 'scope', caller: 'root', isAborted: false }))
    })
  })

  describe('those who share a deduplicated call', () => {
    it('leave the others waiting when they abort, and abort the method when all have gone', async () => {
      await using pool = new Pool()
      const { handle, proxy } = await open(pool, { invoker: new DeduplicatingInvoker() })
      const aborters = [new AbortController(), new AbortController()]
      const [first, second] = aborters.map(({ signal }) => proxy.$with({ signal }).waitAt('gate'))
      aborters[0]!.abort()
      await expect(first).rejects.toThrow('aborted')
      expect(await proxy.heard()).toEqual(['gate begins'])
      aborters[1]!.abort()
      await expect(second).rejects.toThrow('aborted')
      expect(await proxy.heard()).toEqual(['gate begins', 'gate aborts: AbortError'])
      for (const { signal } of aborters) await expectNothingLeft(handle, signal)
    })

    it('have each their own deadline', async () => {
      await using pool = new Pool()
      const { proxy } = await open(pool, { invoker: new DeduplicatingInvoker() })
      const short = proxy.$with({ timeoutMs: 10 }).ignoreAt('gate')
      const long = proxy.ignoreAt('gate')
      await expect(short).rejects.toMatchObject({ code: 'ERR_TROUPE_DEADLINE', limitMs: 10 })
      await proxy.open('gate')
      expect(await long).toBe('gate')
      expect(await proxy.heard()).toEqual(['gate begins', 'gate ends'])
    })
  })
})
