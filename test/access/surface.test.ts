import { inspect } from 'node:util'
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Surface } from '../fixtures/services/surface.ts'

type AnyProxy = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>

const surface = { name: 'surface', module: fixture('surface.ts'), exportName: 'Surface' }

const NOT_REACHABLE = {
  'unknown names': ['nothing', '', '0', '$other', 'proxy'],
  'methods without a policy': ['unexposed', 'hiddenByOverride', '#reached'],
  'members that are no methods': ['accessor', 'hiddenByAccessor', 'field', 'runs', 'classMethod'],
  'the language’s own members': [
    'constructor',
    '__proto__',
    'prototype',
    'toString',
    'toLocaleString',
    'hasOwnProperty',
    'valueOf',
    'isPrototypeOf',
    '__defineGetter__',
    '__lookupSetter__',
  ],
  'members of Service': [
    'prepare',
    'start',
    'pause',
    'stop',
    'cleanup',
    'run',
    'options',
    'name',
    'state',
    'signal',
    'context',
    'generation',
    'call',
  ],
}
const NAMES = Object.values(NOT_REACHABLE).flat()

const noSuch = (name: string) => ({ code: 'ERR_TROUPE_NO_SUCH_METHOD', message: expect.stringContaining(`"${name}"`) })

async function expectNoneReachable(proxy: AnyProxy): Promise<void> {
  const outcomes = await Promise.allSettled(NAMES.map(async (name) => proxy[name]!('argument')))
  const expected = NAMES.map((name) => ({ status: 'rejected', reason: expect.objectContaining(noSuch(name)) }))
  expect(outcomes).toMatchObject(expected)
  expect(await proxy.reached!()).toBe(0)
}

describe('what is no exposed method', () => {
  it.each(Object.entries(NOT_REACHABLE))('rejects with NO_SUCH_METHOD, and reaches nothing: %s', async (_, names) => {
    await using pool = new Pool()
    const handle = await pool.spawn<Surface>(surface)
    const proxy = handle.proxy as unknown as AnyProxy
    for (const name of names) await expect(proxy[name]!('argument')).rejects.toMatchObject(noSuch(name))
    expect(await handle.proxy.reached()).toBe(0)
  })

  it('is refused alike when the call was made before the service had ever run', async () => {
    await using pool = new Pool()
    const handle = pool.add<Surface>(surface)
    const started = handle.start()
    await expectNoneReachable(handle.proxy as unknown as AnyProxy)
    await started
  })

  it('is refused alike through a proxy that was made before the service was added', async () => {
    await using pool = new Pool()
    const proxy = pool.proxy<Surface>('surface') as unknown as AnyProxy
    await pool.spawn<Surface>(surface)
    await expectNoneReachable(proxy)
  })

  it('is NOT_RUNNING like every other name while the service is stopped', async () => {
    await using pool = new Pool()
    const { proxy } = pool.add<Surface>(surface)
    for (const name of ['reached', 'nothing', 'constructor']) {
      const called = (proxy as unknown as AnyProxy)[name]!()
      await expect(called).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
    }
  })

  it('does not tell a method without a policy from one that does not exist', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Surface>(surface)
    const [unexposed, missing] = await Promise.allSettled([
      proxy.unexposed(),
      (proxy as unknown as AnyProxy).nothing!(),
    ])
    const told = (result: PromiseSettledResult<unknown>, name: string) =>
      result.status === 'rejected' ? String(result.reason).replaceAll(name, '…') : result
    expect(told(unexposed, 'unexposed')).toBe(told(missing, 'nothing'))
  })
})

describe('an exposed method', () => {
  it('can be inherited, and runs on the object of the subclass', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Surface>(surface)
    expect(await proxy.inherited()).toBe('inherited by Surface')
  })

  it('that is overridden is exposed only when the override says so', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Surface>(surface)
    expect(await proxy.exposedAnew()).toBe('new')
    await expect(proxy.hiddenByOverride()).rejects.toMatchObject(noSuch('hiddenByOverride'))
  })

  it('needs no proxy as its `this`', async () => {
    await using pool = new Pool()
    const early = pool.proxy<Surface>('surface')
    const { inherited: earlyInherited } = early
    const { proxy } = await pool.spawn<Surface>(surface)
    const { inherited } = proxy
    expect(await Promise.all([inherited(), earlyInherited()])).toEqual(Array(2).fill('inherited by Surface'))
  })
})

describe.each(['before', 'after'])('a proxy, %s its methods are known', (moment) => {
  const openProxy = async (pool: Pool) =>
    moment === 'after' ? (await pool.spawn<Surface>(surface)).proxy : pool.proxy<Surface>('surface')

  it('can be awaited, and printed, without a call', async () => {
    await using pool = new Pool()
    const proxy = await openProxy(pool)
    expect(await proxy).toBe(proxy)
    expect(await Promise.all([proxy, Promise.resolve(proxy)])).toEqual([proxy, proxy])
    expect(inspect(proxy)).toMatch(/\{/)
    expect(JSON.stringify({ proxy })).toBe('{"proxy":{}}')
    if (moment === 'after') expect(pool.get('surface').stats()).toMatchObject({ succeeded: 0, failed: 0, pending: 0 })
  })

  it('put into a text gives the name of its service, and calls nothing', async () => {
    await using pool = new Pool()
    const proxy = await openProxy(pool)
    expect(`${proxy}`).toBe('[proxy of service "surface"]')
    if (moment === 'after') expect(pool.get('surface').stats()).toMatchObject({ succeeded: 0, failed: 0, pending: 0 })
  })

  it('has neither `then` nor `toJSON` nor any symbol but the one for texts', async () => {
    await using pool = new Pool()
    const proxy = (await openProxy(pool)) as unknown as Record<string | symbol, unknown>
    for (const name of ['then', 'toJSON', Symbol.iterator, Symbol.asyncIterator, Symbol('own')]) {
      expect(proxy[name]).toBeUndefined()
    }
  })

  it('that is frozen calls as before, also after a restart', async () => {
    await using pool = new Pool()
    const proxy = Object.freeze(await openProxy(pool))
    const handle = moment === 'after' ? pool.get('surface') : await pool.spawn<Surface>(surface)
    const call = (name: string) => (proxy as unknown as Record<string, () => Promise<unknown>>)[name]!()
    const outcomes = () => Promise.all(['inherited', 'inherited'].map(call))
    const before = await outcomes()
    await handle.restart()
    expect(await outcomes()).toEqual(before)
    await expect(call('unknown')).rejects.toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_METHOD' })
  })

  it.each(['reached', 'unknown', '__proto__', 'then'])('throws when "%s" is set', async (name) => {
    await using pool = new Pool()
    const proxy = (await openProxy(pool)) as unknown as Record<string, unknown>
    expect(() => {
      proxy[name] = () => 'changed'
    }).toThrow(TypeError)
    expect(Object.getOwnPropertyDescriptor(proxy, name)?.writable ?? false).toBe(false)
  })
})
