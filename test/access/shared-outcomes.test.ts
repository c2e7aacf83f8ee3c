/** Outcomes that calls share: nobody gets by another's call what the policies would have refused, or what is another tenant's. */
import { DeduplicatingInvoker, Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Courier } from '../fixtures/services/courier.ts'
import type { Silent } from '../fixtures/services/scoped.ts'
import { tenant } from '../fixtures/services/tenant-store.ts'

const courier = (name: string) => ({ name, module: fixture('courier.ts') })
const refused = { code: 'ERR_TROUPE_NOT_AUTHORIZED', message: expect.stringContaining('root/') }

describe.each(KINDS)('in a %s: a deduplicating invoker', (kind) => {
  async function spawn(pool: Pool) {
    const place = await placeOf(pool, kind)
    const invoker = new DeduplicatingInvoker({ ttlMs: 60_000 })
    const callee = await place.spawn<Courier>({ ...courier('callee'), invoker })
    const { proxy: other } = await pool.spawn<Courier>(courier('other'))
    return { callee, other }
  }

  it('keeps a result for the context that has asked for it', async () => {
    await using pool = new Pool()
    const { callee, other } = await spawn(pool)
    const asked = await callee.proxy.forParents()
    expect(await callee.proxy.forParents()).toBe(asked)
    await expect(other.ask('callee', 'forParents')).rejects.toMatchObject(refused)
    expect(callee.stats()).toMatchObject({ refused: 1, succeeded: 1 })
  })

  it('has a context wait for its own calls only, also for one that is refused', async () => {
    await using pool = new Pool()
    const { callee, other } = await spawn(pool)
    await callee.pause()
    const theirs = expect(other.ask('callee', 'forParents')).rejects.toMatchObject(refused)
    await other.whoCalls() // answered after it was sent
    const own = callee.proxy.forParents()
    await callee.start()
    await theirs
    expect(await own).toBe(await callee.proxy.forParents())
  })

  it('shares nothing between those in whose registered stores other values stand', async () => {
    await using pool = new Pool()
    const invoker = new DeduplicatingInvoker({ ttlMs: 60_000 })
    const spec = { name: 'scoped', module: fixture('scoped.ts'), exportName: 'Silent', invoker }
    const { proxy } = await (await placeOf(pool, kind)).spawn<Silent>(spec)
    const asked = ['acme', 'globex', 'acme'].map((name) => tenant.run(name, () => proxy.tenant()))
    expect(await Promise.all(asked)).toEqual(['acme', 'globex', 'acme'])
    expect(await tenant.run('third', () => proxy.tenant())).toBe('third')
    expect(invoker.entries).toBe(3)
  })

  it('tells each who has asked', async () => {
    await using pool = new Pool()
    const { callee, other } = await spawn(pool)
    expect(await callee.proxy.whoCalls()).toBe('root')
    expect(await other.ask('callee', 'whoCalls')).toBe('root/other')
  })
})
