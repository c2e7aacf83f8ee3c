import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { Pool, type Refusal } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { Router } from '../../packages/runtime/src/routing/router.ts'
import { Reply, Request } from '../../packages/worker-host/src/wire/messages.ts'
import { fixture } from '../fixtures/index.ts'
import type { Forger } from '../fixtures/services/forger.ts'
import type { Guarded } from '../fixtures/services/guarded.ts'
import type { Relay } from '../fixtures/services/relay.ts'

const guarded = { name: 'guarded', module: fixture('guarded.ts') }
const relay = (name: string) => ({ name, module: fixture('relay.ts') })
const forger = (name: string) => ({ name, module: fixture('forger.ts'), exportName: 'Forger' })

const NONE = { policy: 0, forged: 0, activation: 0 }
const DENIED = { code: 'ERR_TROUPE_NOT_AUTHORIZED' }

function heardBy(pool: Pool): Refusal[] {
  const heard: Refusal[] = []
  pool.on('refused', (refusal) => void heard.push(refusal))
  return heard
}

describe('a refused call', () => {
  it.each(['forElsewhere', 'forNobody', 'itemsForNobody'] as const)(
    'whose policy is asked in the thread is told to the pool’s listeners, and counted: %s',
    async (method) => {
      await using pool = new Pool()
      const heard = heardBy(pool)
      const handle = await pool.spawn<Guarded>(guarded)
      const call = (): unknown => handle.proxy[method]()
      const outcome = method === 'itemsForNobody' ? Array.fromAsync(call() as AsyncIterable<string>) : call()
      await expect(outcome).rejects.toMatchObject(DENIED)
      const [caller, service] = ['root', 'guarded']
      expect(heard).toEqual([{ reason: 'policy', caller, from: caller, at: 'root', service, method }])
      expect(handle.stats()).toMatchObject({ refused: 1, failed: 0, pending: 0 })
      expect(pool.stats()).toMatchObject({ services: 1, contexts: 0, refused: { ...NONE, policy: 1 } })
    },
  )

  it('whose policy throws is refused, without a word of what it threw, which becomes a warning', async () => {
    await using pool = new Pool()
    const handle = await pool.spawn<Guarded>(guarded)
    const refused = (await handle.proxy.forBroken().catch((error: unknown) => error)) as Error
    expect(refused).toMatchObject(DENIED)
    expect(refused.message).not.toContain('no opinion')
    expect(refused.cause).toBeUndefined()
    expect(await handle.proxy.warnings()).toEqual(['TROUPE_POLICY: a policy of "guarded.forBroken" threw: no opinion'])
    expect(handle.stats()).toMatchObject({ refused: 1, failed: 0, pending: 0 })
    expect(pool.stats().refused).toEqual({ ...NONE, policy: 1 })
  })

  it('whose policy answers with a promise that rejects is refused, and harms nobody else', async () => {
    await using pool = new Pool()
    const { proxy, state } = await pool.spawn<Guarded>(guarded)
    for (let n = 0; n < 3; n++) await expect(proxy.forRejecting()).rejects.toMatchObject(DENIED)
    await expect(proxy.forForeign()).rejects.toMatchObject(DENIED)
    expect(await proxy.forAnyone()).toBe('forAnyone')
    const judged = ['forRejecting', 'forForeign', 'forAnyone'].map((method) => `a policy of "guarded.${method}"`)
    expect(await proxy.warnings()).toEqual(
      judged.map((judge) => `TROUPE_POLICY: ${judge} answered with a promise, which is no consent`),
    )
    expect(state).toBe('RUNNING')
  })

  it('is warned of once, however often that policy throws', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Guarded>(guarded)
    for (let n = 0; n < 5; n++) await expect(proxy.forBroken()).rejects.toMatchObject(DENIED)
    expect(await proxy.warnings()).toHaveLength(1)
  })

  it('whose policy is asked by the owner is told likewise, and never leaves it', async () => {
    await using pool = new Pool()
    const heard = heardBy(pool)
    const [api, db] = await Promise.all([pool.spawn<Relay>(relay('api')), pool.spawn<Relay>(relay('db'))])
    await expect(api.proxy.ask('db', 'forParents')).rejects.toMatchObject(DENIED)
    const [caller, service, method] = ['root/api', 'db', 'forParents']
    expect(heard).toEqual([{ reason: 'policy', caller, from: caller, at: 'root', service, method }])
    expect(db.stats()).toMatchObject({ refused: 1, succeeded: 0, failed: 0 })
    expect(api.stats()).toMatchObject({ refused: 0 })
  })

  it('in a context below is told and counted by every pool above it', async () => {
    await using pool = new Pool()
    const heard = heardBy(pool)
    const [api, db] = await Promise.all([pool.spawn<Relay>(relay('api')), pool.spawn<Relay>(relay('db'))])
    await api.proxy.spawnBelow('worker')
    const told = new Promise((resolve) => pool.on('refused', resolve))
    await expect(db.proxy.ask('api/worker', 'forParents')).rejects.toMatchObject(DENIED)
    await told // by a message of its own, which may come after the reply
    const [caller, at, service, method] = ['root/db', 'root/api', 'worker', 'forParents']
    expect(heard).toEqual([{ reason: 'policy', caller, from: caller, at, service, method }])
    expect(pool.stats().refused).toEqual({ ...NONE, policy: 1 })
    expect(pool.get('api').stats().refused).toBe(0)
  })

  it('is counted once for each call, whatever listeners there are', async () => {
    await using pool = new Pool()
    const handle = await pool.spawn<Guarded>(guarded)
    const { proxy } = handle
    await Promise.allSettled(Array.from({ length: 1_000 }, () => proxy.forNobody()))
    expect(handle.stats().refused).toBe(1_000)
    expect(pool.stats().refused.policy).toBe(1_000)
    expect(await proxy.ran()).toEqual([])
  })

  it('is the same to its caller when a listener throws or rejects, which becomes a warning', async () => {
    await using pool = new Pool()
    const warnings: string[] = []
    const onWarning = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', onWarning)
    const silent = (): void => void warnings.push('never called')
    pool.on('refused', silent).off('refused', silent)
    pool.on('refused', () => {
      throw new Error('sync')
    })
    pool.on('refused', async () => {
      throw 'later'
    })
    const heard = heardBy(pool)
    const { proxy } = await pool.spawn<Guarded>(guarded)
    await expect(proxy.forNobody()).rejects.toMatchObject(DENIED)
    while (warnings.length < 2) await once(process, 'warning')
    process.off('warning', onWarning)
    expect(warnings).toEqual(['sync', 'a listener of "refused" threw later'])
    expect(heard).toHaveLength(1)
  })

  it('may be answered by a listener that closes the pool', async () => {
    const pool = new Pool()
    const { proxy } = await pool.spawn<Guarded>(guarded)
    const closed = new Promise((resolve) => pool.on('refused', () => resolve(pool.close())))
    const outcomes = Promise.allSettled([proxy.forNobody(), proxy.forNobody(), proxy.forRoot()])
    await closed
    expect((await outcomes).slice(0, 2)).toEqual(Array(2).fill({ status: 'rejected', reason: expect.any(Error) }))
  })
})

describe('a context that claims another’s identity', () => {
  it.each(['root', 'root/db', 'root/ap', 'root/apis', ''])(
    'is refused what it asks in the name of "%s", and reported',
    async (claimed) => {
      await using pool = new Pool()
      const heard = heardBy(pool)
      const [api, db] = await Promise.all([pool.spawn<Forger>(forger('api')), pool.spawn<Relay>(relay('db'))])
      await api.proxy.claim(claimed)
      await expect(api.proxy.ask('db', 'echo', 1)).rejects.toMatchObject({
        ...DENIED,
        message: '"root/api" may not call "db.echo"',
      })
      const [from, at, service, method] = ['root/api', 'root', 'db', 'echo']
      expect(heard).toEqual([{ reason: 'forged', caller: claimed, from, at, service, method }])
      expect(pool.stats().refused).toEqual({ ...NONE, forged: 1 })
      expect(db.stats()).toMatchObject({ succeeded: 0, refused: 0 })
    },
  )

  it('is refused from further below as well: by the owner next to it, which tells the root', async () => {
    await using pool = new Pool()
    const [api, db] = await Promise.all([pool.spawn<Forger>(forger('api')), pool.spawn<Relay>(relay('db'))])
    const told = new Promise<Refusal>((resolve) => pool.on('refused', resolve))
    const worker = pool.proxy<Forger>('api/worker')
    await api.proxy.spawnBelow('worker', 'forger.ts', 'Forger')
    await worker.claim('root')
    await expect(worker.ask('db', 'forParents')).rejects.toMatchObject(DENIED)
    const [caller, from, at, service, method] = ['root', 'root/api/worker', 'root/api', 'db', 'forParents']
    expect(await told).toEqual({ reason: 'forged', caller, from, at, service, method })
    expect(db.stats()).toMatchObject({ succeeded: 0, refused: 0 })
  })
})

describe('a router', () => {
  it('refuses a caller for whom its peer can’t speak, by the port and not by the message', async () => {
    const { port1, port2 } = new MessageChannel()
    const routed: string[] = []
    const forged: object[] = []
    const router = new Router({
      peer: 'root/api',
      port: port1,
      speaksFor: (caller) => caller === 'root/api' || caller.startsWith('root/api/'),
      route: async ({ caller }) => void routed.push(caller),
      onForged: (call) => void forged.push(call),
    })
    const callers = ['root', 'root/api', 'root/db', 'root/api/worker', 'root/apis']
    port2.postMessage([
      ...callers.flatMap((caller, route) => [Request.Route, route, ['db', 'read', caller]]),
      ...callers.flatMap((_, route) => [Request.Call, route, route, 1, null]),
    ])
    const replies: unknown[] = []
    while (replies.length < callers.length * 3) replies.push(...((await once(port2, 'message'))[0] as unknown[]))
    const failed = replies.filter((_, at) => at % 3 === 1 && replies[at - 1] === Reply.Failure)
    expect(failed.sort()).toEqual([0, 2, 4])
    expect(routed).toEqual(['root/api', 'root/api/worker'])
    expect(forged).toEqual(
      ['root', 'root/db', 'root/apis'].map((caller) => ({ service: 'db', method: 'read', caller })),
    )
    router.close(undefined)
  })
})
