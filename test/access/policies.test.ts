import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Guarded } from '../fixtures/services/guarded.ts'

const guarded = { name: 'guarded', module: fixture('guarded.ts') }

describe('a call that its policies admit', () => {
  it.each(['forParents', 'forRoot', 'forAgreed'] as const)('runs: %s', async (method) => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Guarded>(guarded)
    expect(await proxy[method]()).toBe(method)
    expect(await proxy.ran()).toEqual([method])
  })
})

describe('a call that one of its policies refuses', () => {
  it.each(['forNobody', 'forElsewhere', 'forDisagreed', 'forImpostor'] as const)(
    'rejects with NOT_AUTHORIZED naming caller, service and method, and does not run: %s',
    async (method) => {
      await using pool = new Pool()
      const { proxy } = await pool.spawn<Guarded>(guarded)
      await expect(proxy[method]()).rejects.toMatchObject({
        name: 'NotAuthorizedError',
        code: 'ERR_TROUPE_NOT_AUTHORIZED',
        message: `"root" may not call "guarded.${method}"`,
      })
      expect(await proxy.ran()).toEqual([])
    },
  )

  it('rejects a stream at its first item, and produces nothing', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Guarded>(guarded)
    await expect(proxy.itemsForNobody().next()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_AUTHORIZED' })
    expect(await proxy.ran()).toEqual([])
  })

  it('leaves the other calls of its batch alone', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Guarded>(guarded)
    const outcomes = await Promise.allSettled([proxy.forRoot(), proxy.forNobody(), proxy.forAgreed()])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('is refused as well when it was made before the service had ever run', async () => {
    await using pool = new Pool()
    const proxy = pool.proxy<Guarded>('guarded')
    const handle = pool.add<Guarded>(guarded)
    const started = handle.start()
    await expect(proxy.forNobody()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_AUTHORIZED' })
    await started
    expect(await proxy.ran()).toEqual([])
  })
})

describe('a policy of the author’s own', () => {
  it('is asked in the thread, once a call, with the identity of the port', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Guarded>(guarded)
    await proxy.recorded()
    await proxy.recorded()
    const question = { caller: 'root', context: 'root/guarded', service: 'guarded', method: 'recorded' }
    expect(await proxy.asked()).toEqual([question, question])
  })

  it('that throws refuses, and the method does not run', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Guarded>(guarded)
    await expect(proxy.forBroken()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_AUTHORIZED' })
    expect(await proxy.ran()).toEqual([])
  })

  it('that answers anything but `true`, a promise for one, refuses', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Guarded>(guarded)
    await expect(proxy.forPromising()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_AUTHORIZED' })
    expect(await proxy.ran()).toEqual([])
  })
})
