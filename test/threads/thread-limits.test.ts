import { once } from 'node:events'
import type { Worker as Thread } from 'node:worker_threads'
import { Pool, type ThreadLimits } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Relay } from '../fixtures/services/relay.ts'
import type { Worker } from '../fixtures/services/worker.ts'

const worker = (name: string) => ({ name, module: fixture('worker.ts') })

/** The threads that this thread starts from now on. */
function watchThreads() {
  const threads: Thread[] = []
  const onThread = (thread: Thread): void => void threads.push(thread)
  process.on('worker', onThread)
  return { threads, [Symbol.dispose]: () => process.off('worker', onThread) }
}

describe('the threads of a pool', () => {
  it('that are kept ready are as many as `min`, beside those that are taken', async () => {
    using started = watchThreads()
    await using pool = new Pool({ threads: { min: 2 } })
    await pool.spawn<Worker>(worker('a'))
    while (started.threads.length < 3) await once(process, 'worker')
    await pool.spawn<Worker>(worker('b'))
    while (started.threads.length < 4) await once(process, 'worker')
    expect(started.threads).toHaveLength(4)
  })

  it('are no more than the services need when `min` is 0', async () => {
    using started = watchThreads()
    await using pool = new Pool({ threads: { min: 0 } })
    for (const name of ['a', 'b']) await pool.spawn<Worker>(worker(name))
    await pool.close()
    expect(started.threads).toHaveLength(2)
  })

  it('are no more than `max`, those that are kept ready included', async () => {
    using started = watchThreads()
    await using pool = new Pool({ threads: { min: 2, max: 2 } })
    for (const name of ['a', 'b']) await pool.spawn<Worker>(worker(name))
    await pool.close()
    expect(started.threads).toHaveLength(2)
  })

  it('that are kept ready end after `idleMs`, and those that are taken stay', async () => {
    using started = watchThreads()
    await using pool = new Pool({ threads: { idleMs: 20 } })
    const { proxy } = await pool.spawn<Worker>(worker('a'))
    while (started.threads.length < 2) await once(process, 'worker')
    const own = await proxy.threadId()
    const spare = started.threads.find(({ threadId }) => threadId !== own)!
    await once(spare, 'exit')
    expect(await proxy.threadId()).toBe(own)
    const next = await pool.spawn<Worker>(worker('b'))
    expect(await next.proxy.threadId()).not.toBe(own)
  })

  it.each([
    [{ min: -1 }, '"min" must be a whole number from 0 to "max"'],
    [{ min: 3, max: 2 }, '"min" must be a whole number from 0 to "max", found 3'],
    [{ min: 0.5 }, '"min" must be'],
    [{ max: 0 }, '"max" must be a whole number from 1, found 0'],
    [{ idleMs: 0 }, '"idleMs" must be a number of milliseconds above 0'],
    [{ idleMs: 2 ** 31 }, '"idleMs" must be'],
    [{ idleMs: Number.NaN }, '"idleMs" must be'],
    [{ most: 3 }, 'unknown option "most", known: min, max, idleMs'],
  ])('limited by %j are BAD_OPTIONS, of a pool and of a context', async (given, message) => {
    const threads = given as ThreadLimits
    const refused = expect.objectContaining({
      code: 'ERR_TROUPE_BAD_OPTIONS',
      message: expect.stringContaining(message),
    })
    expect(() => new Pool({ threads })).toThrow(refused)
    await using pool = new Pool()
    await expect(pool.context({ name: 'c', threads })).rejects.toEqual(refused)
  })
})

describe('the threads of a pool in a context', () => {
  const late = { code: 'ERR_TROUPE_START_FAILED', cause: { code: 'ERR_TROUPE_DEADLINE' } }
  const relay = (name: string) => ({ name, module: fixture('relay.ts') })

  it('are limited as those of the pool above', async () => {
    await using pool = new Pool({ threads: { max: 1 } })
    const { proxy } = await pool.spawn<Relay>(relay('api'))
    await proxy.spawnBelow('one')
    await expect(proxy.spawnBelow('two', 'relay.ts', 'Relay', 2_000)).rejects.toMatchObject(late)
    expect(await proxy.ask('one', 'spawnBelow', 'below')).toBe('root/api/one/below')
    await expect(proxy.ask('one', 'spawnBelow', 'more', 'relay.ts', 'Relay', 2_000)).rejects.toMatchObject(late)
  })

  it('are limited as the context is said to be', async () => {
    await using pool = new Pool()
    const context = await pool.context({ name: 'tight', threads: { max: 1 } })
    const { proxy } = await context.spawn<Relay>(relay('api'))
    await proxy.spawnBelow('one')
    await expect(proxy.spawnBelow('two', 'relay.ts', 'Relay', 2_000)).rejects.toMatchObject(late)
  })
})
