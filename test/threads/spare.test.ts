import { once } from 'node:events'
import type { Worker as Thread } from 'node:worker_threads'
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Worker } from '../fixtures/services/worker.ts'

const worker = { name: 'worker', module: fixture('worker.ts') }

/** The threads that this thread starts from now on. */
function watchThreads() {
  const threads: Thread[] = []
  const onThread = (thread: Thread): void => void threads.push(thread)
  process.on('worker', onThread)
  return { threads, [Symbol.dispose]: () => process.off('worker', onThread) }
}

describe('a spare thread', () => {
  it('is started once the service that needs a thread is RUNNING, and not before', async () => {
    using started = watchThreads()
    await using pool = new Pool()
    const handle = pool.add<Worker>(worker)
    await handle.pause()
    expect(started.threads).toHaveLength(1)
    await handle.start()
    while (started.threads.length < 2) await once(process, 'worker')
  })

  it('is not started for a service that fails to start', async () => {
    using started = watchThreads()
    await using pool = new Pool()
    await expect(pool.spawn({ name: 'broken', module: fixture('no-service.mjs') })).rejects.toMatchObject({
      code: 'ERR_TROUPE_START_FAILED',
    })
    await pool.close()
    expect(started.threads).toHaveLength(1)
  })
})
