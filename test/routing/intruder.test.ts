/** A context that has a link, and does with the port what no proxy would do. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool, type Refusal } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Fortress } from '../fixtures/services/fortress.ts'
import type { Intruder } from '../fixtures/services/intruder.ts'

/** As the wire has them: operation, id, number of the method, number of arguments. */
const call = (method: number) => [0, 0, method, 0]
const [VISIT, RAID] = [2, 1] // in the order of their names

async function openSiege() {
  const pool = new Pool()
  const refusals: Refusal[] = []
  pool.on('refused', (refusal) => refusals.push(refusal))
  const fortress = await pool.spawn<Fortress>({ name: 'fortress', module: fixture('fortress.ts') })
  const intruder = await pool.spawn<Intruder>({ name: 'intruder', module: fixture('intruder.ts') })
  await intruder.proxy.ask('fortress', 'visit', 20)
  while (fortress.stats().links === 0) await sleep(5)
  await intruder.proxy.ask('fortress', 'visit', 1)
  return { pool, refusals, fortress, intruder, [Symbol.asyncDispose]: () => pool.close() }
}

describe('an intruder with a link', () => {
  it('is refused what its policies refuse it, and its owner sees each attempt', async () => {
    await using siege = await openSiege()
    const { pool, refusals, fortress, intruder } = siege
    for (let n = 0; n < 10; n++) await intruder.proxy.post([0, 1_000 + n, RAID, 0])
    while (fortress.stats().refused < 10) await sleep(5)
    expect(await fortress.proxy.counts()).toMatchObject({ raids: 0 })
    expect(pool.stats().refused.policy).toBe(10)
    const attempt = { reason: 'policy', caller: 'root/intruder', at: 'root', service: 'fortress', method: 'raid' }
    expect(refusals).toHaveLength(10)
    expect(refusals).toContainEqual(expect.objectContaining(attempt))
  })

  it('loses it a second after it was revoked, though it hears nothing and goes on calling', async () => {
    await using siege = await openSiege()
    const { fortress, intruder } = siege
    const flood = intruder.proxy.flood(4_000, call(VISIT))
    const visits = async () => (await fortress.proxy.counts()).visits
    while ((await visits()) < 30) await sleep(5)
    fortress.revoke('root/intruder')
    while (fortress.stats().links > 0) await sleep(5)
    const after = await visits()
    await sleep(300)
    expect(await visits()).toBe(after)
    expect(intruder.stats().pending).toBe(1) // it has not ended
    await flood
  })
})
