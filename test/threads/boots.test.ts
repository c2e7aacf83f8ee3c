/** Threads begin a few at a time, and a service's time to come up is its own. */
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { ManualClock } from '@troupe/worker-host/testing'
import { expect, it } from 'vitest'
import { TimeLimit } from '../../packages/runtime/src/services/time-limit.ts'
import { fixture, openPool } from '../fixtures/index.ts'

it('no more threads begin at once than there are processors, however many services are spawned together', async () => {
  const cores = availableParallelism()
  let [beginning, most, count] = [0, 0, 0]
  const onWorker = (worker: Worker): void => {
    count++
    most = Math.max(most, ++beginning)
    worker.once('online', () => beginning--)
  }
  process.on('worker', onWorker)
  await using pool = openPool({ threads: { min: 0 } })
  const spec = { module: fixture('plain.mjs'), exportName: 'Plain' }
  await Promise.all(Array.from({ length: 3 * cores }, (_, n) => pool.spawn({ name: `one-${n}`, ...spec })))
  process.off('worker', onWorker)
  expect([count, most]).toEqual([3 * cores, cores])
})

it('a service that waits for its thread to have its turn is ended by a kill', async () => {
  const count = availableParallelism() + 1
  await using pool = openPool({ threads: { min: 0 } })
  const handles = Array.from({ length: count }, (_, n) =>
    pool.add({ name: `one-${n}`, module: fixture('plain.mjs'), exportName: 'Plain' }),
  )
  const starts = handles.map((handle) => handle.start())
  handles.at(-1)!.kill(new Error('enough'))
  await expect(starts.at(-1)).rejects.toMatchObject({ code: 'ERR_TROUPE_START_FAILED' })
  await Promise.all(starts.slice(0, -1))
  await handles.at(-1)!.restart()
})

it('a limit counts the time of what it limits, and not that of others whose turn comes first', async () => {
  const clock = new ManualClock()
  const turn = Promise.withResolvers<void>()
  const never = new Promise<never>(() => {})
  const limited = new TimeLimit(clock, 100, 'a thread').over(async (patiently) => {
    await patiently(turn.promise)
    await never
  })
  const outcome = expect(limited).rejects.toMatchObject({ code: 'ERR_TROUPE_DEADLINE', limitMs: 100 })
  await clock.advance(10_000)
  turn.resolve()
  await clock.advance(99)
  expect(await Promise.race([limited, 'still waiting'])).toBe('still waiting')
  await clock.advance(1)
  await outcome
})

it.each([60, 40])(
  'a limit goes on with what was left of it: %s ms after a wait that began with 40 gone',
  async (ms) => {
    const clock = new ManualClock()
    const limited = new TimeLimit(clock, 100, 'a thread').over(async (patiently) => {
      await clock.advance(40)
      await patiently(clock.advance(1_000))
      await clock.advance(ms)
      return 'done'
    })
    if (ms < 60) expect(await limited).toBe('done')
    else await expect(limited).rejects.toMatchObject({ code: 'ERR_TROUPE_DEADLINE' })
  },
)

it.each(['resolves', 'rejects'] as const)('a limit leaves no timer behind, where what it limits %s', async (how) => {
  const clock = new ManualClock()
  const act = () => (how === 'resolves' ? Promise.resolve(1) : Promise.reject(new Error('no')))
  await new TimeLimit(clock, 100, 'a thread').over(act).catch(() => {})
  expect(clock.pending).toBe(0)
})
