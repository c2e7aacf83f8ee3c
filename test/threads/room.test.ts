/** `threads.max`, where threads are started in different ways. */
import { Pool } from '@troupe/runtime'
import { ManualClock } from '@troupe/worker-host/testing'
import { expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Tenant } from '../fixtures/services/tenant.ts'

const tenant = (name: string) => ({ name, module: fixture('tenant.ts') })
const threads = { min: 0, max: 2 }

it('bounds the threads of a pool together, however they are started; the next one has its turn when one is gone', async () => {
  await using pool = new Pool({ threads })
  const first = await pool.context({ name: 'first', env: { N: '1' } })
  const second = await pool.spawn<Tenant>({ ...tenant('second'), resourceLimits: { maxOldGenerationSizeMb: 64 } })
  const order: string[] = []
  const third = pool.context({ name: 'third' }).then(() => order.push('third'))
  const fourth = pool.context({ name: 'fourth', env: { N: '4' } }).then(() => order.push('fourth'))
  expect(await second.proxy.identity()).toContain('second') // they wait
  expect(order).toEqual([])
  await first.close()
  await third
  expect(order).toEqual(['third'])
  await second.stop()
  await fourth
})

it('has a context that finds none wait for 10 s, and its pool close meanwhile', async () => {
  const clock = new ManualClock()
  const pool = new Pool({ threads: { min: 0, max: 1 }, clock })
  await pool.context({ name: 'first' })
  const late = expect(pool.context({ name: 'late' })).rejects.toMatchObject({
    code: 'ERR_TROUPE_SERVICE_CRASHED',
    cause: { code: 'ERR_TROUPE_DEADLINE' },
  })
  await clock.advance(10_000)
  await late
  const waiting = expect(pool.context({ name: 'waiting' })).rejects.toMatchObject({
    code: 'ERR_TROUPE_POOL_CLOSED',
  })
  await pool.close()
  await waiting
})

it('gives a place back when a thread could not be started, and when it crashed', async () => {
  await using pool = new Pool({ threads: { min: 0, max: 1 } })
  const spec = { name: 'only', module: fixture('throws-on-load.mjs') }
  for (let n = 0; n < 3; n++) await expect(pool.spawn(spec)).rejects.toMatchObject({ code: 'ERR_TROUPE_START_FAILED' })
  const context = await pool.context({ name: 'context' })
  context.kill()
  expect(await (await pool.spawn<Tenant>(tenant('next'))).proxy.identity()).toContain('next')
})
