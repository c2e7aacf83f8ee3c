import { Pool, type ServiceHandle, type ServiceSpec } from '@troupe/runtime'
import { describe, expect, it, vi } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Courier } from '../fixtures/services/courier.ts'

type Link = 'direct' | 'routed'

const courier = (name: string) => ({ name, module: fixture('courier.ts') })
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

/** `caller` has made so many calls of `callee` that it has its link, where there can be one. */
async function pair(pool: Pool, link: Link = 'direct', more: Partial<ServiceSpec<Courier>> = {}) {
  const [caller, callee] = await Promise.all([
    pool.spawn<Courier>(courier('caller')),
    pool.spawn<Courier>({ ...courier('callee'), link, ...more }),
  ])
  await caller.proxy.warm('callee')
  // A result that went past the owner is noted by the thread when it has left.
  await vi.waitFor(() => expect(callee.stats().pending).toBe(0))
  expect(callee.stats().links).toBe(link === 'direct' ? 1 : 0)
  return { caller: caller.proxy, callee, callerHandle: caller }
}

describe.each<Link>(['routed', 'direct'])('a call of another service, %s', (link) => {
  it('has the identity of the calling context', async () => {
    await using pool = new Pool()
    const { caller } = await pair(pool, link)
    expect(await caller.ask('callee', 'whoCalls')).toBe('root/caller')
  })

  it('is refused where a policy, built in or an author’s, does not admit the caller', async () => {
    await using pool = new Pool()
    const { caller } = await pair(pool, link)
    const refused = { code: 'ERR_TROUPE_NOT_AUTHORIZED', message: expect.stringContaining('root/caller') }
    await expect(caller.ask('callee', 'forParents')).rejects.toMatchObject(refused)
    expect(await caller.ask('callee', 'notForTheSecond')).toBe('root/caller')
    const second = await pool.spawn<Courier>(courier('second'))
    await second.proxy.warm('callee')
    await expect(second.proxy.ask('callee', 'notForTheSecond')).rejects.toMatchObject({
      code: 'ERR_TROUPE_NOT_AUTHORIZED',
    })
  })

  it('is refused as a cast too, which does not resolve', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool, link)
    await expect(caller.ask('callee', 'castForParents')).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_AUTHORIZED' })
    expect(callee.stats().refused).toBe(1)
    await caller.ask('callee', 'cast', 'for it')
    expect(await caller.ask('callee', 'log')).toEqual(['for it'])
  })

  it('is refused for arguments that do not meet the spec, and for a method that is not there', async () => {
    await using pool = new Pool()
    const { caller } = await pair(pool, link)
    expect(await caller.ask('callee', 'half', 8)).toBe(4)
    await expect(caller.ask('callee', 'half', 7)).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_ARGUMENTS' })
    await expect(caller.ask('callee', 'nothing')).rejects.toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_METHOD' })
  })

  it('rejects with what the method throws', async () => {
    await using pool = new Pool()
    const { caller } = await pair(pool, link)
    const error = await caller.ask('callee', 'fail').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({ message: 'on purpose', code: 'E_ODD', cause: { message: 'below' } })
  })

  it('gives streams, whether the method is one or returns one, and leaves them', async () => {
    await using pool = new Pool()
    const { caller } = await pair(pool, link)
    expect(await caller.gather('callee', 'count', 1_000)).toEqual(upTo(1_000))
    expect(await caller.gatherReturned('callee', 1_000)).toEqual(upTo(1_000))
    expect(await caller.leaveEarly('callee')).toEqual(['left', 'left', 'left'])
  })

  it.each([
    ['stop', 'ERR_TROUPE_NOT_RUNNING', (handle: ServiceHandle) => handle.stop()],
    ['restart', 'ERR_TROUPE_NOT_RUNNING', (handle: ServiceHandle) => handle.restart()],
    ['kill', 'ERR_TROUPE_SERVICE_CRASHED', (handle: ServiceHandle) => handle.kill()],
    ['close', 'ERR_TROUPE_POOL_CLOSED', (_: ServiceHandle, pool: Pool) => pool.close()],
  ])('gives a stream that fails, and does not just end, when it is cut off by a %s', async (_, code, cut) => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool, link, { graceMs: 50 })
    const gathered = caller.gather('callee', 'beats').catch((error: unknown) => error)
    await vi.waitFor(() => expect(callee.stats().pending).toBe(1))
    await cut(callee as ServiceHandle, pool)
    expect(await gathered).toMatchObject({ code })
  })

  it('gives a stream from the next thread when it is made as the one before it dies', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool, link, { supervision: { restart: 'permanent' } })
    callee.kill()
    expect(await caller.gather('callee', 'count', 100)).toEqual(upTo(100))
    expect(callee.stats().pending).toBe(0)
  })

  it('takes callbacks, subscriptions, uploads, and what is moved, and gives objects that stay where they are', async () => {
    await using pool = new Pool()
    const { caller } = await pair(pool, link)
    expect(await caller.callBack('callee')).toEqual(['one', 'two'])
    expect(await caller.subscribe('callee')).toEqual(['one'])
    expect(await caller.useCounter('callee')).toBe(5)
    expect(await caller.upload('callee')).toEqual([15, 'closed'])
    expect(await caller.move('callee')).toEqual([0, 1, 2, 3])
  })

  it('can be a cast', async () => {
    await using pool = new Pool()
    const { caller } = await pair(pool, link)
    expect(await caller.ask('callee', 'cast', 'hello')).toBeUndefined()
    expect(await caller.ask('callee', 'log')).toEqual(['hello'])
  })

  it('is aborted in its method by its caller’s signal', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool, link)
    await expect(caller.askAndAbort('callee', 'gate')).rejects.toMatchObject({ message: 'given up' })
    expect(await callee.proxy.aborted('gate')).toEqual(['aborted'])
  })

  it('is aborted by its deadline, of which the method knows', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool, link)
    expect(await caller.ask('callee', 'budget')).toBe(true)
    const late = caller.askWithin(20, 'callee', 'waitForAbort', 'gate')
    await expect(late).rejects.toMatchObject({ code: 'ERR_TROUPE_DEADLINE' })
    expect(await callee.proxy.aborted('gate')).toEqual(['aborted'])
  })

  it('is aborted when its caller’s thread is gone', async () => {
    await using pool = new Pool()
    const { caller, callee, callerHandle } = await pair(pool, link)
    const asked = expect(caller.ask('callee', 'waitForAbort', 'gate')).rejects.toMatchObject({
      code: 'ERR_TROUPE_SERVICE_CRASHED',
    })
    await callee.proxy.reached('gate')
    callerHandle.kill()
    await asked
    expect(await callee.proxy.aborted('gate')).toEqual(['aborted'])
  })

  it('comes in the order in which it was made, among a thousand', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool, link)
    expect(await caller.burst('callee', 0, 1_000)).toEqual(upTo(1_000))
    expect(await callee.proxy.log()).toEqual(upTo(1_000))
  })

  it('is counted by its service', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool, link)
    const before = callee.stats()
    await caller.burst('callee', 0, 100)
    await caller.ask('callee', 'fail').catch(() => {})
    const waiting = caller.ask('callee', 'waitAt', 'gate')
    await callee.proxy.reached('gate')
    const stats = callee.stats()
    expect(stats.succeeded - before.succeeded).toBe(101)
    expect([stats.failed - before.failed, stats.pending]).toEqual([1, 1])
    await callee.proxy.open('gate')
    await waiting
    // A routed result that went past the owner is noted by the thread when it has left.
    await vi.waitFor(() => expect(callee.stats().pending).toBe(0))
  })

  it('waits while its service is paused', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool, link)
    await callee.pause()
    const waiting = caller.burst('callee', 0, 1_000)
    await expect(caller.askWithin(1, 'callee', 'note', -1)).rejects.toMatchObject({ code: 'ERR_TROUPE_DEADLINE' })
    await callee.start()
    expect(await waiting).toEqual(upTo(1_000))
    expect(await callee.proxy.log()).toEqual(upTo(1_000))
  })

  it('is waited for by a stop, within its grace, and refused after that', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool, link)
    const waiting = caller.ask('callee', 'waitAt', 'gate')
    await callee.proxy.reached('gate')
    const opening = callee.proxy.open('gate')
    await callee.stop()
    await opening
    expect(await waiting).toBe('through gate')
    await expect(caller.ask('callee', 'note', 1)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
  })

  it('that waits for a paused service is rejected when that stops', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool, link)
    await callee.pause()
    const waiting = caller.burst('callee', 0, 300)
    await caller.whoCalls()
    await callee.stop()
    expect(new Set(await waiting)).toEqual(new Set(['ERR_TROUPE_NOT_RUNNING']))
  })

  it('rejects when its thread dies, and those that had not begun are made again after the restart', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool, link, { supervision: { restart: 'permanent' } })
    const memory = new Int32Array(new SharedArrayBuffer(8))
    const blocked = callee.proxy.block(memory)
    const crash = caller.ask('callee', 'exit', 3)
    const rest = caller.burst('callee', 0, 1_000)
    const crashed = expect(crash).rejects.toMatchObject({
      code: 'ERR_TROUPE_SERVICE_CRASHED',
      exitCode: 3,
      mayHaveRun: true,
    })
    await caller.whoCalls()
    Atomics.store(memory, 0, 1)
    Atomics.notify(memory, 0)
    await crashed
    expect(await rest).toEqual(upTo(1_000))
    expect(await callee.proxy.log()).toEqual(upTo(1_000))
    await blocked.catch(() => {})
    expect(callee.stats()).toMatchObject({ pending: 0, generation: 2 })
  })

  it('is answered with an error when the pool is closed', async () => {
    const pool = new Pool()
    const { caller, callee } = await pair(pool, link)
    const asked = caller.ask('callee', 'waitForAbort', 'gate').catch((error: { code: string }) => error.code)
    await callee.proxy.reached('gate')
    await pool.close()
    expect(await asked).toBe('ERR_TROUPE_POOL_CLOSED')
  })
})

describe('a link', () => {
  it('is made after eight calls, and keeps their order with those that were routed', async () => {
    await using pool = new Pool()
    const [caller, callee] = await Promise.all([
      pool.spawn<Courier>(courier('caller')),
      pool.spawn<Courier>(courier('callee')),
    ])
    const noted = caller.proxy.streamOfNotes('callee', 500)
    expect(await noted).toEqual(upTo(500))
    expect(await callee.proxy.log()).toEqual(upTo(500))
    expect(callee.stats().links).toBe(1)
  })

  it('is not made by fewer calls', async () => {
    await using pool = new Pool()
    const [caller, callee] = await Promise.all([
      pool.spawn<Courier>(courier('caller')),
      pool.spawn<Courier>(courier('callee')),
    ])
    await caller.proxy.burst('callee', 0, 7)
    await caller.proxy.ask('caller', 'echo', 1)
    expect(callee.stats().links).toBe(0)
  })

  it('that is revoked is given back when its calls are answered; they keep their order, and none is made again', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool)
    const waiting = caller.ask('callee', 'waitAt', 'gate')
    await callee.proxy.reached('gate')
    const noted = caller.streamOfNotes('callee', 500)
    callee.revoke('root/caller')
    expect(await noted).toEqual(upTo(500))
    expect(await callee.proxy.log()).toEqual(upTo(500))
    await callee.proxy.open('gate')
    expect(await waiting).toBe('through gate')
    while (callee.stats().links > 0) await caller.warm('callee') // nobody tells when it has been given back
    await caller.warm('callee')
    // The last result went straight to its caller, so the owner may hear of it later.
    await vi.waitFor(() => expect(callee.stats()).toMatchObject({ links: 0, pending: 0 }))
  })

  it.each(['forParents', 'notForTheSecond'] as const)(
    'refuses where the service is: its owner, and its own numbers, tell of it: %s',
    async (method) => {
      await using pool = new Pool()
      const { callee } = await pair(pool)
      const second = await pool.spawn<Courier>(courier('second'))
      await second.proxy.warm('callee')
      expect(callee.stats().links).toBe(2)
      const refusal = new Promise((resolve) => pool.on('refused', resolve))
      await expect(second.proxy.ask('callee', method)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_AUTHORIZED' })
      const [caller, service] = ['root/second', 'callee']
      expect(await refusal).toEqual({ reason: 'policy', caller, from: caller, at: 'root', service, method })
      expect(callee.stats().refused).toBe(1)
      expect(pool.stats().refused.policy).toBe(1)
    },
  )

  it('of one caller is revoked, and those of others stay', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool)
    const second = await pool.spawn<Courier>(courier('second'))
    await second.proxy.warm('callee')
    expect(callee.stats().links).toBe(2)
    callee.revoke('root/caller')
    while (callee.stats().links > 1) await caller.warm('callee')
    await caller.warm('callee')
    expect(callee.stats().links).toBe(1)
    expect(await second.proxy.ask('callee', 'whoCalls')).toBe('root/second')
  })

  it('ends with its service’s thread, and is made anew to the next', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool)
    await callee.restart()
    expect(callee.stats().links).toBe(0)
    await caller.warm('callee')
    await caller.warm('callee')
    expect(callee.stats().links).toBe(1)
  })

  it('ends with its caller', async () => {
    await using pool = new Pool()
    const { callee } = await pair(pool)
    await pool.remove('caller')
    await callee.stop()
    expect(callee.stats().links).toBe(0)
  })

  it('that has nothing on its way keeps no stop waiting, however busy its caller is', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool)
    const memory = new Int32Array(new SharedArrayBuffer(8))
    const blocked = caller.block(memory)
    await Atomics.waitAsync(memory, 1, 0).value
    await callee.stop()
    Atomics.store(memory, 0, 1)
    Atomics.notify(memory, 0)
    await blocked
    await expect(caller.ask('callee', 'note', 1)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
  })

  it('leads from a context further down to a service above its owners', async () => {
    await using pool = new Pool()
    const { caller, callee } = await pair(pool)
    await caller.spawnBelow('middle')
    const middle = pool.proxy<Courier>('caller/middle')
    expect(await middle.spawnBelow('low')).toBe('root/caller/middle/low')
    const low = pool.proxy<Courier>('caller/middle/low')
    await low.warm('callee')
    expect(callee.stats().links).toBe(2)
    expect(await low.ask('callee', 'whoCalls')).toBe('root/caller/middle/low')
    expect(await low.burst('callee', 0, 1_000)).toEqual(upTo(1_000))
    const asked = low.ask('callee', 'waitForAbort', 'gate').catch(() => {})
    await callee.proxy.reached('gate')
    await pool.remove('caller')
    await asked
    expect(await callee.proxy.aborted('gate')).toContain('aborted')
  })

  it('leads from one to another service of a pool in a context', async () => {
    await using pool = new Pool()
    const { caller } = await pair(pool)
    await Promise.all([caller.spawnBelow('left'), caller.spawnBelow('right')])
    await pool.proxy<Courier>('caller/left').warm('right')
    expect(await caller.linksOf('right')).toBe(1)
    expect(await pool.proxy<Courier>('caller/left').ask('right', 'whoCalls')).toBe('root/caller/left')
  })

  it.each([
    ['serialized', { invoker: 'serialized' }],
    ['deduplicating', { invoker: 'deduplicating' }],
    ['different for each method', { invoker: { note: 'serialized' } }],
    ['concurrent, in several threads', { threads: 2 }],
    ['concurrent, but said to be routed', { link: 'routed' }],
  ] as const)('is never made to a service that is %s', async (_, options) => {
    await using pool = new Pool()
    const caller = await pool.spawn<Courier>(courier('caller'))
    const callee = await pool.spawn<Courier>({ ...courier('callee'), ...options })
    await caller.proxy.warm('callee')
    await caller.proxy.warm('callee')
    expect(callee.stats().links).toBe(0)
  })

  it.each([{ invoker: 'serialized' }, { threads: 2 }, { link: 'fast' }] as const)(
    'that can’t be had is no option: %o',
    (options) => {
      const pool = new Pool()
      const spec = { ...courier('callee'), link: 'direct', ...options } as Parameters<typeof pool.add>[0]
      expect(() => pool.add(spec)).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }))
    },
  )
})
