/** In a file of its own: what pools of other tests have left would be counted. */
import { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import v8 from 'node:v8'
import { MessagePort, Worker } from 'node:worker_threads'
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Calculator } from '../fixtures/services/calculator.ts'

const calculator = { name: 'calculator', module: fixture('calculator.ts') }
const TIMES = 15

/** Those that something still holds; what is collected is known to those who wait for it a little later. */
async function held() {
  const count = (type: object) => v8.queryObjects(type as never, { format: 'count' }) as unknown as number
  for (let rounds = 0; rounds < 3; rounds++) {
    count(Worker) // collects first
    await sleep(20)
  }
  return { workers: count(Worker), processes: count(ChildProcess), ports: count(MessagePort) }
}

const comings = {
  async 'a service that is removed'(pool: Pool) {
    await pool.spawn<Calculator>(calculator)
    await pool.remove('calculator')
  },
  async 'a service whose thread is killed'(pool: Pool) {
    const handle = await pool.spawn<Calculator>(calculator)
    const failed = new Promise((resolve) => handle.on('failed', resolve))
    handle.kill()
    await failed
    await pool.remove('calculator')
  },
  async 'a service whose process is killed'(pool: Pool) {
    const context = await pool.context({ name: 'context', kind: 'process' })
    const handle = await context.spawn<Calculator>(calculator)
    const failed = new Promise((resolve) => handle.on('failed', resolve))
    handle.kill()
    await failed
    await context.close()
  },
  async 'a context that is closed'(pool: Pool) {
    const context = await pool.context({ name: 'context' })
    await context.spawn<Calculator>(calculator)
    await context.close()
  },
  async 'a pool that is closed'() {
    await using pool = new Pool({ threads: { min: 0 } })
    await pool.spawn<Calculator>(calculator)
  },
}

describe('nothing of it is held after the end of', () => {
  it.each(Object.entries(comings))('%s', async (_, comeAndGo) => {
    await using pool = new Pool({ threads: { min: 0 } })
    await comeAndGo(pool)
    const before = await held()
    for (let times = 0; times < TIMES; times++) await comeAndGo(pool)
    const after = await held()
    expect(after.workers - before.workers).toBeLessThan(TIMES / 3)
    expect(after.processes - before.processes).toBeLessThan(TIMES / 3)
    expect(after.ports - before.ports).toBeLessThan(TIMES / 3)
  })
})
