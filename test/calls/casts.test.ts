import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Caster } from '../fixtures/services/caster.ts'

const caster = { name: 'caster', module: fixture('caster.ts') }

describe.each(KINDS)('in a %s:', (kind) => {
  describe('a cast', () => {
    it('resolves with nothing when it has been handed over, and its method runs', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Caster>(caster)
      expect(await proxy.note(1)).toBeUndefined()
      expect(await proxy.noted()).toEqual([1])
    })

    it('does not wait for its method', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Caster>({ ...caster, invoker: 'serialized' })
      const cast = proxy.noteLater(1)
      const seen: string[] = []
      const noted = proxy.noted().then((list) => seen.push(`noted ${list}`))
      await cast
      seen.push('handed over')
      await noted
      expect(seen).toEqual(['handed over', 'noted 1'])
    })

    it('that throws is a warning at the owner, with the error as its cause, and the service goes on', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Caster>(caster)
      const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
      await proxy.fail()
      const warning = await warned
      expect(warning.message).toBe('cast of "caster.fail" failed: nobody hears')
      expect(warning.cause).toBeInstanceOf(RangeError)
      expect(await proxy.life()).toBe(1)
    })

    it('waits while the service is paused, and rejects when it is stopped', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Caster>(caster)
      await handle.pause()
      let isHandedOver = false
      const cast = handle.proxy.note(1).then(() => {
        isHandedOver = true
      })
      await handle.proxy
        .$with({ timeoutMs: 5 })
        .noted()
        .catch(() => {})
      expect(isHandedOver).toBe(false)
      await handle.start()
      await cast
      await handle.stop()
      await expect(handle.proxy.note(2)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
    })

    it('that had not begun when its thread died runs after the restart', async () => {
      await using pool = new Pool()
      const spec = { ...caster, invoker: 'serialized', supervision: { restart: 'permanent' } } as const
      const { proxy } = await (await placeOf(pool, kind)).spawn<Caster>(spec)
      const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
      await Promise.all([proxy.crash(), proxy.note(1), proxy.note(2)])
      expect((await warned).message).toContain('cast of "caster.crash" failed')
      expect(await proxy.life()).toBe(2)
      expect(await proxy.noted()).toEqual([1, 2])
    })

    it('a thousand of them keep their order', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Caster>(caster)
      const numbers = Array.from({ length: 1_000 }, (_, n) => n)
      await Promise.all(numbers.map((n) => proxy.note(n)))
      expect(await proxy.noted()).toEqual(numbers)
    })
  })

  describe('a method that won’t listen to its abort', () => {
    it('has its thread killed after killAfterMs; only its own call was aborted, the others may be repeated', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Caster>({
        ...caster,
        supervision: { restart: 'permanent' },
      })
      const neighbour = handle.proxy.hang()
      await handle.proxy.life()
      const aborter = new AbortController()
      const spinning = expect(handle.proxy.$with({ signal: aborter.signal }).spin()).rejects.toMatchObject({
        name: 'AbortError',
      })
      const behind = handle.proxy.life()
      await new Promise((resolve) => setImmediate(resolve))
      aborter.abort()
      await spinning
      await expect(neighbour).rejects.toMatchObject({
        code: 'ERR_TROUPE_SERVICE_CRASHED',
        mayHaveRun: true,
        cause: { message: '"caster.spin" was aborted and did not end' },
      })
      expect(await behind).toBe(2)
      expect(handle.stats()).toMatchObject({ restarts: 1, state: 'RUNNING', pending: 0 })
    })

    it('by its deadline is killed too', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Caster>({
        ...caster,
        supervision: { restart: 'permanent' },
      })
      const restarted = new Promise((resolve) => handle.on('restarted', resolve))
      await expect(handle.proxy.$with({ timeoutMs: 20 }).spin()).rejects.toMatchObject({ code: 'ERR_TROUPE_DEADLINE' })
      await restarted
      expect(await handle.proxy.life()).toBe(2)
    })

    it('keeps its thread when it ends in time', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Caster>(caster)
      await expect(handle.proxy.$with({ timeoutMs: 10 }).heed()).rejects.toMatchObject({ code: 'ERR_TROUPE_DEADLINE' })
      // Longer than killAfterMs: this deadline is met by the same watch, after the one that would have killed.
      await expect(handle.proxy.$with({ timeoutMs: 40 }).hang()).rejects.toMatchObject({ code: 'ERR_TROUPE_DEADLINE' })
      expect(await handle.proxy.life()).toBe(1)
      expect(handle.state).toBe('RUNNING')
      handle.kill()
    })
  })
})
