/** Many rounds of calls and streams of one service, each checked, and what is left of them after each round. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Pool, type ServiceHandle } from '@troupe/runtime'
import type { Soaked } from './soaked.service.ts'
import type { Sample } from './verdict.ts'

export interface SoakPlan {
  /** Of all rounds together. */
  readonly calls: number
  readonly items: number
  readonly rounds: number
}

const IN_FLIGHT = 1_000

/** @param onRound told of each round as it ends */
export async function soak(plan: SoakPlan, onRound: (sample: Sample, round: number) => void): Promise<Sample[]> {
  const pool = new Pool()
  const module = new URL('./soaked.service.ts', import.meta.url)
  const samples: Sample[] = []
  try {
    const handle = await pool.spawn<Soaked>({ name: 'soaked', module })
    for (let round = 0; round < plan.rounds; round++) {
      await call(handle, Math.ceil(plan.calls / plan.rounds))
      await read(handle, Math.ceil(plan.items / plan.rounds))
      const sample = await sampleOf(handle)
      samples.push(sample)
      onRound(sample, round)
    }
  } finally {
    await pool.close()
  }
  return samples
}

async function call({ proxy }: ServiceHandle<Soaked>, calls: number): Promise<void> {
  for (let done = 0; done < calls; done += IN_FLIGHT) {
    const wave = Math.min(IN_FLIGHT, calls - done)
    const sums = await Promise.all(Array.from({ length: wave }, (_, n) => proxy.add(done + n, 1)))
    const wrong = sums.findIndex((sum, n) => sum !== done + n + 1)
    if (wrong >= 0) throw new Error(`add(${done + wrong}, 1) gave ${sums[wrong]}`)
  }
}

/** One stream to its end, and one that is left. */
async function read({ proxy }: ServiceHandle<Soaked>, items: number): Promise<void> {
  let expected = 0
  for await (const item of proxy.count(items)) {
    if (item !== expected++) throw new Error(`item ${expected - 1} of a stream was ${item}`)
  }
  if (expected !== items) throw new Error(`a stream of ${items} items gave ${expected}`)
  for await (const item of proxy.count(items)) if (item >= items / 2) break
}

async function sampleOf(handle: ServiceHandle<Soaked>): Promise<Sample> {
  const threadHeapBytes = await handle.proxy.heapBytes()
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { pending, queued } = handle.stats()
  const { heapUsed } = process.memoryUsage()
  const handles = process.getActiveResourcesInfo().length
  return { ownerHeapBytes: heapUsed, threadHeapBytes, handles, unanswered: pending + queued }
}
