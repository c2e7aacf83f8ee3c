/** The results of routed calls, which go straight from the thread to a caller one step away. */
import {
  ConcurrentInvoker,
  Pool,
  RetryInvoker,
  SerializedInvoker,
  type ServiceHandle,
  type ServiceSpec,
} from '@troupe/runtime'
import { describe, expect, it, vi } from 'vitest'
import { startCounting } from '../fixtures/counting.ts'
import { fixture } from '../fixtures/index.ts'
import type { Answerer } from '../fixtures/services/answerer.ts'
import type { Inquirer } from '../fixtures/services/inquirer.ts'

const answerer = { name: 'answerer', module: fixture('answerer.ts') }
const ROUTED = { link: 'routed' } as const
const inquirer = (name: string) => ({ name, module: fixture('inquirer.ts') })

/** So many calls that the caller has its port, where it can have one. */
const WARM = 20

async function open(more: Partial<ServiceSpec<Answerer>> = ROUTED) {
  const pool = new Pool()
  const callee = await pool.spawn<Answerer>({ ...answerer, ...more })
  const caller = await pool.spawn<Inquirer>({ ...inquirer('inquirer'), supervision: { restart: 'permanent' } })
  await caller.proxy.oneAfterAnother('answerer', 'echo', WARM)
  await settled(callee)
  return { pool, callee, caller, [Symbol.asyncDispose]: () => pool.close() }
}

/** Its thread notes what it has posted: a moment later, seen from another core. */
const settled = (callee: ServiceHandle<Answerer>): Promise<void> =>
  vi.waitFor(() => expect(callee.stats()).toMatchObject({ pending: 0, queued: 0 }))

/** How many messages the owner posts for a call of `echo`, one after another. */
async function messagesBetween(caller: ServiceHandle<Inquirer>, name: string): Promise<number> {
  const calls = 640
  await caller.proxy.oneAfterAnother(name, 'echo', WARM)
  using counting = startCounting()
  expect(await caller.proxy.oneAfterAnother(name, 'echo', calls)).toEqual([])
  return counting.take().messages / calls
}

const STRAIGHT = 1.2
const BY_THE_OWNER = 2

describe('the results of a routed call', () => {
  it.each<readonly [string, Partial<ServiceSpec<Answerer>>]>([
    ['is routed', ROUTED],
    ['takes one call at a time', { invoker: 'serialized' }],
  ])('go straight from a service that %s', async (_, more) => {
    await using both = await open(more)
    expect(await messagesBetween(both.caller, 'answerer')).toBeLessThan(STRAIGHT)
  })

  it.each<readonly [string, string, Partial<ServiceSpec<Answerer>>]>([
    ['that is called by its whole path', 'root/answerer', ROUTED],
    ['of several threads', 'answerer', { threads: 2 }],
    ['with layers, which see each outcome', 'answerer', { invoker: new RetryInvoker({}, new ConcurrentInvoker()) }],
  ])('go by the owner of a service %s', async (_, name, more) => {
    await using both = await open(more)
    expect(await messagesBetween(both.caller, name)).toBeGreaterThanOrEqual(BY_THE_OWNER)
  })

  it('go straight to a context, and by its owners from those below', async () => {
    await using pool = new Pool()
    await pool.spawn<Answerer>({ ...answerer, ...ROUTED })
    const context = await pool.context({ name: 'above', kind: 'thread' })
    const above = await context.spawn<Inquirer>(inquirer('inquirer'))
    expect(await messagesBetween(above, 'answerer')).toBeLessThan(STRAIGHT)
  })

  it('are each the one of its own call, however it is answered', async () => {
    await using both = await open()
    const { caller, callee } = both
    for (let n = 0; n < 5; n++) {
      expect(await caller.proxy.oneOfEach('answerer', n)).toEqual([
        { value: n },
        n,
        expect.objectContaining({ name: 'RangeError', message: String(n) }),
        [n, n, n],
        1_000,
        new Map([['value', n]]),
        'ERR_TROUPE_NOT_CLONEABLE',
      ])
    }
    await settled(callee)
  })

  it('are counted, though the owner has not seen them', async () => {
    await using both = await open()
    const { caller, callee } = both
    for (const count of [1, 7, 64, 200]) {
      const before = callee.stats().succeeded
      expect(await caller.proxy.oneAfterAnother('answerer', 'echo', count)).toEqual([])
      await settled(callee)
      expect(callee.stats().succeeded).toBe(before + count)
    }
  })

  it.each([1, 2, 3, 16, 256])('keep nobody waiting who waits for room, with a window of %d', async (window) => {
    await using both = await open({ invoker: new SerializedInvoker({ window }) })
    for (const count of [1, 10, 1_000]) expect(await both.caller.proxy.atOnce('answerer', count)).toEqual([])
    await settled(both.callee)
  })

  it.each([1, 2, 3, 4])('meet no other call, whatever else ends calls, as the dice fall: %d', async (seed) => {
    await using both = await open()
    expect(await both.caller.proxy.amongAll('answerer', 2_000, seed, [])).toEqual([])
    await settled(both.callee)
  })

  it('meet no other call while the service is restarted again and again', async () => {
    await using both = await open()
    const asked = both.caller.proxy.amongAll('answerer', 3_000, 5, [
      'ERR_TROUPE_NOT_RUNNING',
      'ERR_TROUPE_SERVICE_CRASHED',
    ])
    let isOver = false
    const over = asked.finally(() => {
      isOver = true
    })
    while (!isOver) {
      await both.callee.restart()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await over).toEqual([])
    expect(await messagesBetween(both.caller, 'answerer')).toBeLessThan(STRAIGHT)
  })

  it('that had come before their thread died count; the others fail with that', async () => {
    await using both = await open({ ...ROUTED, supervision: { restart: 'permanent' } })
    const { caller, callee } = both
    const before = callee.stats().succeeded
    await caller.proxy.oneAfterAnother('answerer', 'echo', 5)
    expect(await caller.proxy.ask('answerer', 'die').catch(({ code }) => code)).toBe('ERR_TROUPE_SERVICE_CRASHED')
    expect(callee.stats()).toMatchObject({ pending: 0, succeeded: before + 5, failed: 1 })
    await callee.waitFor('RUNNING')
    expect(await messagesBetween(caller, 'answerer')).toBeLessThan(STRAIGHT)
  })

  it('are waited for by a stop', async () => {
    await using both = await open()
    const asked = both.caller.proxy.amongAll('answerer', 200, 6, ['ERR_TROUPE_NOT_RUNNING'])
    await both.callee.stop()
    expect(both.callee.stats()).toMatchObject({ pending: 0 })
    expect(await asked).toEqual([])
  })

  it('come to the next life of a caller that has died', async () => {
    await using both = await open()
    const { caller, callee } = both
    caller.kill(new Error('enough'))
    await caller.waitFor('RUNNING')
    expect(await messagesBetween(caller, 'answerer')).toBeLessThan(STRAIGHT)
    await settled(callee)
  })

  it('can be given by nobody but the service that was called', async () => {
    await using both = await open()
    const { pool, caller } = both
    const forger = await pool.spawn<Answerer>({ ...answerer, ...ROUTED, name: 'forger' })
    await caller.proxy.oneAfterAnother('forger', 'echo', WARM)
    await forger.proxy.keepPorts()
    expect(await caller.proxy.ask('forger', 'echo', 'mark')).toBe('mark')
    expect(await caller.proxy.askAmongForged('answerer', 'forger')).toEqual([1, 7])
    expect(await messagesBetween(caller, 'answerer')).toBeLessThan(STRAIGHT)
  })

  it('come after what the method had called back before', async () => {
    await using both = await open()
    for (let n = 0; n < 100; n++) expect(await both.caller.proxy.heardBefore('answerer')).toBe(5)
  })

  it.each(['concurrent', 'serialized'] as const)(
    'come in the order of the calls, from a %s service',
    async (invoker) => {
      await using both = await open({ invoker, ...(invoker === 'concurrent' && ROUTED) })
      expect(await both.caller.proxy.order('answerer', 500)).toBe(0)
    },
  )

  it('of a caller that has died are not taken for those of its next life', async () => {
    await using both = await open()
    const { caller } = both
    await caller.restart()
    await caller.proxy.oneAfterAnother('answerer', 'echo', WARM)
    const lost = caller.proxy.ask('answerer', 'after', 'first', 500).catch(() => {})
    await vi.waitFor(() => expect(both.callee.stats().pending).toBe(1))
    caller.kill(new Error('enough'))
    await caller.waitFor('RUNNING')
    await caller.proxy.oneAfterAnother('answerer', 'echo', WARM)
    expect(await caller.proxy.ask('answerer', 'after', 'second', 800)).toBe('second')
    await lost
  })

  it('stay with their calls when some could not be sent at all', async () => {
    await using both = await open()
    expect(await both.caller.proxy.nearTheEndOfTheStack('answerer')).toBeGreaterThan(0)
    expect(await both.caller.proxy.oneAfterAnother('answerer', 'echo', 100)).toEqual([])
  })

  it('are counted as such when their caller is gone before the owner knows', async () => {
    await using both = await open()
    const { caller, callee } = both
    for (let n = 0; n < 5; n++) {
      await caller.proxy.oneAfterAnother('answerer', 'echo', 10)
      await caller.restart()
    }
    await settled(callee)
    expect(callee.stats().failed).toBe(0)
  })
})
