import { Pool, Service } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { contextOf, KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Neighbour, NeighbourOptions } from '../fixtures/services/neighbour.ts'

const spec = (name: string, options: NeighbourOptions = {}) => ({ name, module: fixture('neighbour.ts'), options })

/** Whether it is to be had now. */
async function isThere(pool: Pool, key: string): Promise<boolean> {
  const given = new AbortController()
  const injected = pool.inject(key, { signal: given.signal }).then(
    () => true,
    () => false,
  )
  given.abort()
  return injected
}

describe.each(KINDS)('in a %s:', (kind) => {
  describe('a provided value', () => {
    it('is injected as a copy, of what it was when it was provided', async () => {
      await using pool = new Pool()
      const config = { port: 80, nested: [1] }
      using _ = pool.provide('config', config)
      config.nested.push(2)
      const first = await pool.inject<typeof config>('config')
      first.nested.push(3)
      expect(await pool.inject('config')).toEqual({ port: 80, nested: [1] })
    })

    it('is waited for: by the parent script, by services of the pool, and by those deep below', async () => {
      await using pool = new Pool()
      const top = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('top'))
      await top.proxy.raise('deep')
      const waiting = [
        pool.inject('port'),
        top.proxy.get('port'),
        pool.proxy<Neighbour>(`${contextOf(kind, 'top')}/deep`).get('port'),
      ]
      const other = await (await placeOf(pool, kind, 'another')).spawn<Neighbour>(spec('other'))
      await other.proxy.give('port', 8080)
      expect(await Promise.all(waiting)).toEqual([8080, 8080, 8080])
    })

    it('may be undefined', async () => {
      await using pool = new Pool()
      using _ = pool.provide('nothing', undefined)
      expect(await pool.inject('nothing')).toBe(undefined)
    })

    it('can be what two services need to come up, whichever is started first', async () => {
      await using pool = new Pool()
      const needing = (await placeOf(pool, kind)).spawn<Neighbour>(spec('needing', { needs: 'port' }))
      await (await placeOf(pool, kind, 'another')).spawn<Neighbour>(spec('providing', { provides: { port: 1 } }))
      expect(await (await needing).proxy.got()).toBe(1)
    })

    it('is that of the nearest pool on the way up', async () => {
      await using pool = new Pool()
      const top = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('top'))
      await top.proxy.raise('near', { provides: { port: 'near' } })
      using _ = pool.provide('port', 'far')
      expect(await top.proxy.get('port')).toBe('near')
      expect(await pool.proxy<Neighbour>(`${contextOf(kind, 'top')}/near`).get('port')).toBe('near')
      expect(await pool.inject('port')).toBe('far')
    })

    it('of a child in its parent’s thread is there for the parent, and not above it', async () => {
      await using pool = new Pool()
      const top = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('top'))
      await top.proxy.raise('child', { by: 'children', thread: 'parent', provides: { port: 1 } })
      expect(await top.proxy.get('port')).toBe(1)
      expect(await isThere(pool, 'port')).toBe(false)
    })

    it('has its key for itself: a second provider is refused with DUPLICATE_NAME, here and across threads', async () => {
      await using pool = new Pool()
      const a = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('a'))
      const b = await (await placeOf(pool, kind, 'another')).spawn<Neighbour>(spec('b'))
      await a.proxy.give('port', 1)
      const duplicate = { code: 'ERR_TROUPE_DUPLICATE_NAME', message: 'a value "port" is in this pool already' }
      await expect(b.proxy.give('port', 2)).rejects.toMatchObject(duplicate)
      expect(() => pool.provide('port', 3)).toThrow(expect.objectContaining(duplicate))
      expect(await pool.inject('port')).toBe(1)
    })

    it('is taken back when it is disposed of; later injects wait for the next', async () => {
      await using pool = new Pool()
      const a = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('a'))
      await a.proxy.give('port', 1)
      await a.proxy.takeBack('port')
      await a.proxy.takeBack('port') // without effect
      const later = pool.inject('port')
      {
        using _ = pool.provide('port', 2)
      }
      expect(await later).toBe(2)
      expect(await isThere(pool, 'port')).toBe(false)
    })

    it.each([
      ['stops', async (pool: Pool) => pool.get('a').stop()],
      [
        'crashes',
        async (pool: Pool) => {
          const failed = pool.get('a').finished.catch(() => {})
          await pool.proxy<Neighbour>('a').fall()
          await failed
        },
      ],
      [
        'is killed',
        async (pool: Pool) => {
          pool.get('a').kill()
          await pool.get('a').finished.catch(() => {})
        },
      ],
      ['is removed', async (pool: Pool) => pool.remove('a')],
    ])('is taken back when its service %s', async (_how, end) => {
      await using pool = new Pool()
      await (await placeOf(pool, kind)).spawn<Neighbour>(spec('a', { provides: { port: 1 } }))
      expect(await pool.inject('port')).toBe(1)
      await end(pool)
      expect(await isThere(pool, 'port')).toBe(false)
      using _ = pool.provide('port', 2) // its key is free
    })

    it('stays while its service is paused', async () => {
      await using pool = new Pool()
      const a = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('a', { provides: { port: 1 } }))
      await a.pause()
      expect(await pool.inject('port')).toBe(1)
    })

    it('that was provided before a restart is not that of after it', async () => {
      await using pool = new Pool()
      const a = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('a'))
      await a.proxy.give('port', 1)
      await a.restart()
      const later = pool.inject('port')
      await a.proxy.give('port', 2)
      expect(await later).toBe(2)
    })

    it.each([
      ['a function', { deep: () => 1 }, 'value.deep'],
      ['a symbol', Symbol('s'), 'value'],
      ['a stream', { rows: (async function* () {})() }, 'value.rows'],
    ])('can’t be %s: NOT_CLONEABLE names the place', async (_, value, path) => {
      await using pool = new Pool()
      expect(() => pool.provide('key', value)).toThrow(
        expect.objectContaining({ code: 'ERR_TROUPE_NOT_CLONEABLE', path }),
      )
    })

    it('can’t be marked by proxy()', async () => {
      await using pool = new Pool()
      const a = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('a'))
      await expect(a.proxy.giveMarked('key')).rejects.toMatchObject({
        code: 'ERR_TROUPE_NOT_CLONEABLE',
        path: 'value.deep',
      })
    })

    it('has a text for its key', async () => {
      await using pool = new Pool()
      for (const key of ['', 3, undefined]) {
        expect(() => pool.provide(key as string, 1)).toThrow(
          expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }),
        )
        await expect(pool.inject(key as string)).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_OPTIONS' })
      }
    })
  })

  describe('the wait for a value', () => {
    it('rejects when the pool closes, above or here; nothing can be provided after that', async () => {
      const pool = new Pool()
      const top = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('top'))
      const here = expect(pool.inject('port')).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
      const below = expect(top.proxy.get('port')).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
      await pool.close()
      await Promise.all([here, below])
      expect(() => pool.provide('port', 1)).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_POOL_CLOSED' }))
      await expect(pool.inject('port')).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
    })

    it('rejects with the reason of its signal', async () => {
      await using pool = new Pool()
      const given = new AbortController()
      const rejected = expect(pool.inject('port', { signal: given.signal })).rejects.toBe('enough')
      given.abort('enough')
      await rejected
      await expect(pool.inject('port', { signal: given.signal })).rejects.toBe('enough')
    })

    it('in a hook gives way to a stop: the service is STOPPED, not FAILED', async () => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add<Neighbour>(spec('needing', { needs: 'port' }))
      const started = handle.start()
      await handle.waitFor('PREPARING')
      await expect(Promise.all([started, handle.stop()])).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
      await handle.waitFor('STOPPED')
    })

    it('of a running service rejects with an AbortError when that stops', async () => {
      await using pool = new Pool()
      const a = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('a'))
      using notes = new Notebook()
      await a.proxy.expect('port', notes.path)
      await a.stop()
      expect(notes.lines).toEqual(['AbortError'])
    })

    it('of an aborted call rejects with its reason; a later one waits anew', async () => {
      await using pool = new Pool()
      const a = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('a'))
      const given = new AbortController()
      const rejected = expect(a.proxy.$with({ signal: given.signal }).get('port')).rejects.toBe('enough')
      given.abort('enough')
      await rejected
      await a.proxy.got()
      using _ = pool.provide('port', 1)
      expect(await a.proxy.get('port')).toBe(1)
    })
  })
})

describe('a pool that is asked to provide', () => {
  it.each(KINDS)('for a service that does not live where the question comes from, refuses: in a %s', async (kind) => {
    await using pool = new Pool()
    const a = await (await placeOf(pool, kind)).spawn<Neighbour>(spec('a'))
    await (await placeOf(pool, kind, 'another')).spawn<Neighbour>(spec('b'))
    await expect(a.proxy.ask('root/\0pool', 'provide', ['b', 'port', 1])).rejects.toMatchObject({
      code: 'ERR_TROUPE_NOT_AUTHORIZED',
    })
  })

  it('by a service that was made by hand, outside of a pool, has none to ask', async () => {
    class ByHand extends Service {
      ask = () => this.inject('port')
    }
    await expect(new ByHand(undefined).ask()).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_OPTIONS' })
  })
})
