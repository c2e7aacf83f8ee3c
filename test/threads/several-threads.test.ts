import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Worker } from '../fixtures/services/worker.ts'

const workers = { name: 'workers', module: fixture('worker.ts'), threads: 3 }

describe('a service with several threads', () => {
  it('spreads calls over its threads, each with an object of its own', async () => {
    await using pool = new Pool()
    const handle = await pool.spawn<Worker>(workers)
    const answers = await Promise.all(Array.from({ length: 30 }, () => handle.proxy.whereAmI()))
    const byThread = Map.groupBy(answers, ({ threadId }) => threadId)
    expect(byThread.size).toBe(3)
    for (const [, own] of byThread) expect(Math.max(...own.map(({ calls }) => calls))).toBe(own.length)
    expect(handle.stats().threads).toBe(3)
  })

  it('gives each call to the thread that has the fewest', async () => {
    await using pool = new Pool()
    const handle = await pool.spawn<Worker>({ ...workers, threads: 2 })
    const stuck = expect(handle.proxy.stay()).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
    const ids = new Set<number>()
    for (let call = 0; call < 10; call++) ids.add(await handle.proxy.threadId())
    expect(ids.size).toBe(1)
    await pool.close()
    await stuck
  })

  it('replaces a thread that dies while the others go on, without leaving RUNNING', async () => {
    await using pool = new Pool()
    const handle = await pool.spawn<Worker>({ ...workers, supervision: { restart: 'permanent' } })
    const states: string[] = []
    handle.on('state', ({ state }) => states.push(state))
    const restarted = new Promise((resolve) => handle.on('restarted', resolve))
    const crashed = handle.proxy.exit()
    const others = Promise.all([handle.proxy.whereAmI(), handle.proxy.whereAmI()])
    await expect(crashed).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED', exitCode: 3 })
    await others
    await restarted
    expect(states).toEqual([])
    expect(handle.stats()).toMatchObject({ threads: 3, restarts: 1, state: 'RUNNING' })
  })

  it('fails as a whole when a thread dies and no restart is admitted', async () => {
    await using pool = new Pool()
    const handle = await pool.spawn<Worker>(workers)
    await expect(handle.proxy.exit()).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
    expect(handle.stats()).toMatchObject({ threads: 0, state: 'FAILED' })
  })
})
