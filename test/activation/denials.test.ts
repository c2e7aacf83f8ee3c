import { Pool, type PoolOptions, type Refusal } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture, untilRefused } from '../fixtures/index.ts'
import type { Forger } from '../fixtures/services/forger.ts'
import type { Guarded } from '../fixtures/services/guarded.ts'
import type { Lazy } from '../fixtures/services/lazy.ts'
import type { Relay } from '../fixtures/services/relay.ts'
import { openDiary } from './diary.ts'

const LAZY = 'lazy#Lazy'
const lazy = fixture('lazy.ts')
const relay = (name: string) => ({ name, module: fixture('relay.ts') })
const options: PoolOptions = { modules: [lazy] }

const denied = (caller: string, context: string, service = LAZY) => ({
  name: 'ActivationDeniedError',
  code: 'ERR_TROUPE_ACTIVATION_DENIED',
  message: expect.stringContaining(`"${caller}" may not bring "${service}" to life in "${context}"`),
  service,
  context,
  caller,
})

/** `api` has `worker` below it; `db` stands beside `api`. */
async function tree(pool: Pool) {
  const [api, db] = await Promise.all([pool.spawn<Relay>(relay('api')), pool.spawn<Relay>(relay('db'))])
  await api.proxy.spawnBelow('worker')
  return { api: api.proxy, db: db.proxy, worker: pool.proxy<Relay>('api/worker') }
}

const nextRefusal = (pool: Pool) => new Promise<Refusal>((resolve) => pool.on('refused', resolve))

describe('activation is denied, and nothing is imported or constructed, when', () => {
  it('a sibling of the context asks', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { db } = await tree(pool)
    const refused = nextRefusal(pool)
    await expect(db.ask(`api/${LAZY}`, 'whoCalls')).rejects.toMatchObject(denied('root/db', 'root/api'))
    await expect(db.ask(`root/api/worker/${LAZY}`, 'whoCalls')).rejects.toMatchObject(
      denied('root/db', 'root/api/worker'),
    )
    await expect(db.ask('api/#activator', 'activate', lazy.href, 'Lazy')).rejects.toMatchObject(
      denied('root/db', 'root/api'),
    )
    const [caller, at, service, method] = ['root/db', 'root/api', LAZY, 'whoCalls']
    expect(await refused).toEqual({ reason: 'activation', caller, from: caller, at, service, method })
    expect(diary.text).toBe('')
  })

  it('a child asks in its parent, and in the root', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { worker } = await tree(pool)
    const refusals: Refusal[] = []
    pool.on('refused', (refusal) => refusals.push(refusal))
    const asking = 'root/api/worker'
    await expect(worker.ask(`root/api/${LAZY}`, 'whoCalls')).rejects.toMatchObject(denied(asking, 'root/api'))
    await expect(worker.ask(`root/${LAZY}`, 'whoCalls')).rejects.toMatchObject(denied(asking, `root/${LAZY}`))
    await expect(worker.ask('root/#activator', 'activate', lazy.href, 'Lazy')).rejects.toMatchObject(
      denied(asking, `root/${LAZY}`),
    )
    await expect(worker.ask('root/api/#activator', 'activate', lazy.href, 'Lazy')).rejects.toMatchObject(
      denied(asking, 'root/api'),
    )
    expect(diary.text).toBe('')
    await untilRefused(pool, 4)
    expect(pool.stats().refused.activation).toBe(4)
    expect(refusals.map(({ at }) => at).sort()).toEqual(['root', 'root', 'root/api', 'root/api'])
  })

  it('a grandchild asks in the name of the root', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const api = await pool.spawn<Forger>({ name: 'api', module: fixture('forger.ts'), exportName: 'Forger' })
    await api.proxy.spawnBelow('worker', 'forger.ts', 'Forger')
    const worker = pool.proxy<Forger>('api/worker')
    await worker.claim('root')
    const refused = nextRefusal(pool)
    await expect(worker.ask(`root/api/${LAZY}`, 'whoCalls')).rejects.toMatchObject({
      code: 'ERR_TROUPE_NOT_AUTHORIZED',
    })
    const [caller, from, at, service, method] = ['root', 'root/api/worker', 'root/api', `root/api/${LAZY}`, 'whoCalls']
    expect(await refused).toEqual({ reason: 'forged', caller, from, at, service, method })
    expect(diary.text).toBe('')
  })

  it('the module is none of those that may be activated, whoever asks', async () => {
    using diary = openDiary()
    await using pool = new Pool({ modules: [fixture('relay.ts')] })
    const images = await pool.context({ name: 'images' })
    const { api } = await tree(pool)
    await expect(pool.activate(lazy, 'Lazy')).rejects.toMatchObject(denied('root', `root/${LAZY}`))
    await expect(pool.call(LAZY, 'whoCalls')).rejects.toMatchObject(denied('root', `root/${LAZY}`))
    await expect(images.activate(lazy, 'Lazy')).rejects.toMatchObject(denied('root', 'root/images'))
    await expect(images.call(LAZY, 'whoCalls')).rejects.toMatchObject(denied('root', 'root/images'))
    await expect(api.activateHere('lazy.ts', 'Lazy')).rejects.toMatchObject(denied('root/api', 'root/api'))
    await expect(api.callHere(LAZY, 'whoCalls')).rejects.toMatchObject(denied('root/api', 'root/api'))
    expect(diary.text).toBe('')
    await untilRefused(pool, 6)
    expect(pool.stats().refused.activation).toBe(6)
  })

  it('the context has modules of its own, and it is none of them', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const images = await pool.context({ name: 'images', modules: [fixture('relay.ts')] })
    await expect(images.activate(lazy, 'Lazy')).rejects.toMatchObject(denied('root', 'root/images'))
    await images.activate(fixture('relay.ts'), 'Relay')
    expect(diary.text).toBe('')
  })
})

describe('a service that is not alive', () => {
  it('is reached by those who may not activate it once somebody has who may', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { db, worker } = await tree(pool)
    await expect(db.ask(`api/${LAZY}`, 'whoCalls')).rejects.toMatchObject({ code: 'ERR_TROUPE_ACTIVATION_DENIED' })
    expect(await pool.proxy<Lazy>(`api/${LAZY}`).whoCalls()).toBe(`root calls ${LAZY} in root/api`)
    expect(await db.ask(`api/${LAZY}`, 'whoCalls')).toBe(`root/db calls ${LAZY} in root/api`)
    expect(await worker.ask(`root/api/${LAZY}`, 'whoCalls')).toBe(`root/api/worker calls ${LAZY} in root/api`)
    expect(diary.text).toBe('imported constructed')
  })

  it('can be called by a name that is not canonical, which waits; and by no method of the pool itself', async () => {
    await using pool = new Pool(options)
    const { db } = await tree(pool)
    await expect(pool.proxy<Relay>('#lazy').$with({ timeoutMs: 20 }).whoCalls()).rejects.toMatchObject({
      code: 'ERR_TROUPE_DEADLINE',
    })
    for (const method of ['spawn', 'constructor', 'toString', 'close']) {
      await expect(db.ask('root/#activator', method)).rejects.toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_METHOD' })
    }
  })
})

describe('the policies of an activated service', () => {
  it('let one method be called and refuse the other, which does not run', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { api, db, worker } = await tree(pool)
    const name = `root/api/${LAZY}`
    const refused = { code: 'ERR_TROUPE_NOT_AUTHORIZED' }
    expect(await pool.proxy<Lazy>(name).whoCalls()).toContain('root calls')
    await expect(pool.proxy<Lazy>(name).forChildren()).rejects.toMatchObject(refused)
    await expect(api.callHere(LAZY, 'forChildren')).rejects.toMatchObject(refused)
    await expect(db.ask(name, 'forChildren')).rejects.toMatchObject(refused)
    expect(diary.text).toBe('imported constructed')
    expect(await worker.ask(name, 'forChildren')).toBe('ran')
    expect(diary.text).toBe('imported constructed ran')
  })

  it('hold for given services as they do for their canonical names', async () => {
    await using pool = new Pool()
    await pool.spawn<Guarded>({ name: 'guarded', module: fixture('guarded.ts') })
    const { db } = await tree(pool)
    expect(await db.ask('guarded#Guarded', 'ran')).toEqual([])
    await expect(db.ask('guarded#Guarded', 'forParents')).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_AUTHORIZED' })
    expect(await pool.call('guarded#Guarded', 'forParents')).toBe('forParents')
    expect(pool.get('guarded').stats()).toMatchObject({ refused: 1 })
  })
})
