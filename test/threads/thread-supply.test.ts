import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Worker } from '../fixtures/services/worker.ts'

const worker = { name: 'worker', module: fixture('worker.ts') }

/** Runs a script in a process of its own; rejects when it does not end by itself with 0. */
const runScript = (file: string) =>
  promisify(execFile)(process.execPath, [new URL(`../fixtures/scripts/${file}`, import.meta.url).pathname], {
    timeout: 15_000,
  })

it('a process goes on while a call waits for a service that never comes, and for nothing else', async () => {
  const { stdout } = await runScript('waits-for-nobody.ts')
  const late = 'ERR_TROUPE_DEADLINE ERR_TROUPE_NO_SUCH_SERVICE\n'
  expect(stdout).toBe(`${late}${late}closed\n`)
})

describe('threads', () => {
  it('are not used for a second service: nothing of the first is left there', async () => {
    await using pool = new Pool({ threads: { min: 0 } })
    const seen = new Set<number>()
    for (let life = 0; life < 3; life++) {
      const handle = await pool.spawn<Worker>({ ...worker, name: `worker-${life}` })
      expect(await handle.proxy.trace()).toBeUndefined()
      seen.add(await handle.proxy.leaveTrace())
      await handle.stop()
    }
    expect(seen.size).toBe(3)
  })

  it('a service that must wait for one starts when another has stopped', async () => {
    await using pool = new Pool({ threads: { max: 1 } })
    const first = await pool.spawn<Worker>(worker)
    const second = pool.add<Worker>({ ...worker, name: 'second' })
    const started = second.start()
    expect(second.state).toBe('PREPARING')
    await first.stop()
    await started
    expect(await second.proxy.threadId()).toBeGreaterThan(0)
  })

  it('a service that gets none in time fails to start with the deadline', async () => {
    await using pool = new Pool({ threads: { max: 1 } })
    await pool.spawn<Worker>(worker)
    const second = pool.spawn<Worker>({ ...worker, name: 'second', transitionMs: 200 })
    await expect(second).rejects.toMatchObject({
      code: 'ERR_TROUPE_START_FAILED',
      cause: { code: 'ERR_TROUPE_DEADLINE', limitMs: 200 },
    })
  })

  it('fifty services start, answer and stop', async () => {
    await using pool = new Pool()
    const handles = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        pool.spawn<Worker>({ ...worker, name: `worker-${index}`, transitionMs: 60_000 }),
      ),
    )
    const ids = await Promise.all(handles.map((handle) => handle.proxy.threadId()))
    expect(new Set(ids).size).toBe(50)
  })
})

describe('a script', () => {
  it('that opens and closes a pool exits by itself at once', async () => {
    const { stdout } = await runScript('open-and-close.ts')
    expect(stdout).toBe('3\nclosed\n')
  })

  it('that only makes a pool, and never uses or closes it, exits by itself', async () => {
    const { stdout } = await runScript('never-closed.ts')
    expect(stdout).toBe('made\n')
  })

  it('whose services are all stopped exits by itself, a spare thread or not', async () => {
    const { stdout } = await runScript('all-stopped.ts')
    expect(stdout).toBe('stopped\n')
  })
})
