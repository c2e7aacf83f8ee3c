import { BadArgumentsError, Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Specced } from '../fixtures/services/specced.ts'

const specced = { name: 'specced', module: fixture('specced.ts') }

async function open(pool: Pool) {
  const { proxy } = await pool.spawn<Specced>(specced)
  return proxy
}

describe('arguments with a spec', () => {
  it('reach the method as the schema made them: parsed, trimmed, with defaults', async () => {
    await using pool = new Pool()
    const proxy = await open(pool)
    expect(await proxy.zod({ url: 'https://example.org/' })).toEqual([{ url: 'https://example.org/', tags: [] }, 1])
    expect(await proxy.valibot('  Ada ')).toEqual(['Ada', 7])
    expect(await proxy.arktype({ age: 18 })).toEqual({ age: 18 })
    expect(await proxy.later('free')).toBe('free')
    expect(await Array.fromAsync(proxy.items(['1', 2]))).toEqual([1, 2])
  })

  it.each([
    ['zod', [{ url: 'nowhere', tags: [1] }, 0], ['argument 0.url', 'argument 0.tags[0]', 'argument 1']],
    ['valibot', [' a ', 'two'], ['argument 0', 'argument 1']],
    ['arktype', [{ age: 12 }], ['argument 0.age']],
    ['later', ['taken'], ['argument 0']],
  ] as const)(
    'that don’t fit (%s) reject with every issue and its path, and the method does not run',
    async (method, args, paths) => {
      await using pool = new Pool()
      const proxy = await open(pool)
      const error = (await (proxy[method] as (...args: unknown[]) => Promise<unknown>)(...args).catch(
        (reason: unknown) => reason,
      )) as BadArgumentsError
      expect(error).toBeInstanceOf(BadArgumentsError)
      expect(error.code).toBe('ERR_TROUPE_BAD_ARGUMENTS')
      expect(error.issues.map(({ path }) => path)).toEqual(paths)
      for (const { path, message } of error.issues) expect(error.message).toContain(`${path}: ${message}`)
      expect(error.message).toContain(`"Specced.${method}"`)
      expect(await proxy.ran()).toBe(0)
    },
  )

  it('of a stream that don’t fit reject its reader, and nothing of it runs', async () => {
    await using pool = new Pool()
    const proxy = await open(pool)
    await expect(proxy.items(['x']).next()).rejects.toMatchObject({
      code: 'ERR_TROUPE_BAD_ARGUMENTS',
      issues: [{ path: 'argument 0[0]' }],
    })
    expect(await proxy.ran()).toBe(0)
  })
})

describe('results with a spec', () => {
  it('arrive as the schema made them', async () => {
    await using pool = new Pool()
    const proxy = await open(pool)
    expect(await proxy.result({ total: 1, secret: 2 })).toEqual({ total: 1 })
    expect(await proxy.resultLater(3)).toBe(3)
  })

  it.each([
    ['result', { total: 'many' }, 'result.total'],
    ['resultLater', 'many', 'result'],
  ] as const)('that don’t fit (%s) reject with the issues', async (method, value, path) => {
    await using pool = new Pool()
    const proxy = await open(pool)
    await expect(proxy[method](value)).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_ARGUMENTS', issues: [{ path }] })
  })

  it('of a stream are its items: the first that does not fit ends it', async () => {
    await using pool = new Pool()
    const proxy = await open(pool)
    const seen: unknown[] = []
    const read = (async () => {
      for await (const item of proxy.items([1, 2, 9, 3])) seen.push(item)
    })()
    await expect(read).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_ARGUMENTS', issues: [{ path: 'item' }] })
    expect(seen).toEqual([1, 2])
  })
})
