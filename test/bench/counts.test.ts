/** What a call costs on any machine: counts, with some room above what was seen, and no times. */
import { getHeapStatistics } from 'node:v8'
import { expect, it } from 'vitest'
import { type Count, startCounting } from '../fixtures/counting.ts'
import { fixture, openPool } from '../fixtures/index.ts'
import type { Meter } from '../fixtures/services/meter.ts'

const CALLS = 1_000

async function openMeter() {
  const pool = openPool({ threads: { min: 0 } }) // whose start would be counted
  const { proxy } = await pool.spawn<Meter>({ name: 'meter', module: fixture('meter.ts') })
  const wave = () => Promise.all(Array.from({ length: CALLS }, (_, n) => proxy.add(n, 1)))
  return { proxy, wave, [Symbol.asyncDispose]: () => pool.close() }
}

/** What both sides do for a wave of calls, once what comes with the first calls is over. */
async function countsOf(calls: 'at once' | 'one after another'): Promise<{ owner: Count; thread: Count }> {
  await using meter = await openMeter()
  await meter.wave()
  using counting = startCounting()
  await meter.proxy.take()
  counting.take()
  if (calls === 'at once') await meter.wave()
  else for (let n = 0; n < CALLS; n++) await meter.proxy.add(n, 1)
  const owner = counting.take()
  return { owner, thread: await meter.proxy.take() }
}

it('1,000 calls at once are 13 messages to the thread, and 16 back', async () => {
  const { owner, thread } = await countsOf('at once')
  expect(owner.messages).toBeLessThanOrEqual(16)
  expect(thread.messages).toBeLessThanOrEqual(20) // one of them answers the question before
})

it('calls one after another are one message there and one back, each', async () => {
  const { owner, thread } = await countsOf('one after another')
  expect(owner.messages).toBe(CALLS)
  expect(thread.messages).toBe(CALLS + 1) // one of them answers the question before
})

it('a call of two small numbers is 14 bytes, and its reply 8', async () => {
  const { owner, thread } = await countsOf('at once')
  expect(owner.bytes / CALLS).toBeLessThanOrEqual(15)
  expect(thread.bytes / CALLS).toBeLessThanOrEqual(9)
})

it.each(['at once', 'one after another'] as const)('no call has a timer of its own, made %s', async (calls) => {
  const { owner, thread } = await countsOf(calls)
  expect(owner.timers).toBeLessThanOrEqual(1) // the watch over all deadlines
  expect(thread.timers).toBe(0)
})

/** Node counts them from 25 on. */
const canCount = 'total_allocated_bytes' in getHeapStatistics()

it.runIf(canCount)('a call among 1,000 allocates a kilobyte at its owner', async () => {
  await using meter = await openMeter()
  const allocatedBytes = () => getHeapStatistics().total_allocated_bytes
  const waves = async (count: number) => {
    for (let n = 0; n < count; n++) await meter.wave()
  }
  await waves(100) // compiled code allocates less
  const before = allocatedBytes()
  await waves(50)
  expect((allocatedBytes() - before) / (50 * CALLS)).toBeLessThan(1_200)
})
