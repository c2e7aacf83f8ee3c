import { Pool, proxy, type ServiceHandle } from '@troupe/runtime'
import { ManualClock } from '@troupe/worker-host/testing'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { contextOf, KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Courier } from '../fixtures/services/courier.ts'
import type { Neighbour } from '../fixtures/services/neighbour.ts'
import type { Relay } from '../fixtures/services/relay.ts'

const relay = (name: string) => ({ name, module: fixture('relay.ts') })

/** `api` has `worker` below it, which has `helper` below; `db` stands beside `api`. */
async function tree(pool: Pool) {
  const [api, db] = await Promise.all([pool.spawn<Relay>(relay('api')), pool.spawn<Relay>(relay('db'))])
  expect(await api.proxy.spawnBelow('worker')).toBe('root/api/worker')
  expect(await api.proxy.ask('worker', 'spawnBelow', 'helper')).toBe('root/api/worker/helper')
  return { api, db, helper: pool.proxy<Relay>('api/worker/helper') }
}

describe('a service', () => {
  it('calls another by its name, and is known to it by its own context', async () => {
    await using pool = new Pool()
    const { api } = await tree(pool)
    expect(await api.proxy.ask('db', 'whoCalls')).toBe('root/api calls root/db')
  })

  it('gives on the result of another’s call, from a method that is not declared async too', async () => {
    await using pool = new Pool()
    const spec = (name: string) => ({ name, module: fixture('neighbour.ts') })
    using _port = pool.provide('port', 80)
    const [front] = await Promise.all([
      pool.spawn<Neighbour>(spec('front')),
      pool.spawn<Neighbour>({ ...spec('back'), options: { needs: 'port' } }),
    ])
    expect(await front.proxy.passOn('back')).toBe(80)
  })

  it('of a context below calls one further up, through each owner, with its own identity', async () => {
    await using pool = new Pool()
    const { helper } = await tree(pool)
    expect(await helper.ask('db', 'whoCalls')).toBe('root/api/worker/helper calls root/db')
    expect(await helper.ask('api', 'whoCalls')).toBe('root/api/worker/helper calls root/api')
    expect(await helper.ask('worker', 'whoCalls')).toBe('root/api/worker/helper calls root/api/worker')
  })

  it('is reached from above by its path, and from anywhere by its whole path', async () => {
    await using pool = new Pool()
    const { db, helper } = await tree(pool)
    expect(await helper.whoCalls()).toBe('root calls root/api/worker/helper')
    expect(await pool.proxy<Relay>('api/worker').whoCalls()).toBe('root calls root/api/worker')
    expect(await pool.proxy<Relay>('root/api/worker').whoCalls()).toBe('root calls root/api/worker')
    expect(await db.proxy.ask('api/worker/helper', 'whoCalls')).toBe('root/db calls root/api/worker/helper')
    expect(await helper.ask('root/db', 'whoCalls')).toBe('root/api/worker/helper calls root/db')
  })

  it('can call itself', async () => {
    await using pool = new Pool()
    const { api } = await tree(pool)
    expect(await api.proxy.ask('api', 'whoCalls')).toBe('root/api calls root/api')
  })

  it('that takes one call at a time is told at once when it calls itself', async () => {
    await using pool = new Pool()
    const solo = await pool.spawn<Relay>({ ...relay('solo'), invoker: 'serialized' })
    await pool.spawn<Relay>(relay('other'))
    for (const name of ['solo', 'root/solo']) {
      await expect(solo.proxy.ask(name, 'echo', 1)).rejects.toMatchObject({
        code: 'ERR_TROUPE_SELF_CALL',
        message: expect.stringContaining('echo'),
      })
    }
    expect(await solo.proxy.ask('other', 'echo', 1)).toBe(1)
  })

  it('is refused by a policy that does not admit its context, and admitted where it is a parent', async () => {
    await using pool = new Pool()
    const { api, db, helper } = await tree(pool)
    const refused = { code: 'ERR_TROUPE_NOT_AUTHORIZED' }
    await expect(api.proxy.ask('db', 'forParents')).rejects.toMatchObject(refused)
    await expect(helper.ask('api', 'forParents')).rejects.toMatchObject(refused)
    await expect(db.proxy.ask('api/worker', 'forParents')).rejects.toMatchObject(refused)
    expect(await api.proxy.ask('worker', 'forParents')).toBe('root/api')
    expect(await api.proxy.ask('worker/helper', 'forParents')).toBe('root/api')
    expect(await helper.forParents()).toBe('root')
    expect(await api.proxy.ask('api', 'forParents')).toBe('root/api')
  })

  it('gives and gets functions and objects that stay where they are, through its owner', async () => {
    await using pool = new Pool()
    const module = fixture('courier.ts')
    const [caller] = await Promise.all([
      pool.spawn<Courier>({ name: 'caller', module }),
      pool.spawn<Courier>({ name: 'callee', module }),
    ])
    expect(await caller.proxy.callBack('callee')).toEqual(['one', 'two'])
    expect(await caller.proxy.subscribe('callee')).toEqual(['one'])
    expect(await caller.proxy.useCounter('callee')).toBe(5)
  })

  it('in a thread has no link to one in a process, and calls it all the same', async () => {
    await using pool = new Pool()
    const api = await pool.spawn<Relay>(relay('api'))
    const far = await (await pool.context({ name: 'far', kind: 'process' })).spawn<Relay>(relay('db'))
    for (let n = 0; n < 20; n++) expect(await api.proxy.ask('db', 'echo', n)).toBe(n)
    expect(far.stats().links).toBe(0)
    expect(await far.proxy.ask('api', 'whoCalls')).toBe('root/far calls root/api')
  })

  it('gets streams, and their back-pressure, through any number of contexts', async () => {
    await using pool = new Pool()
    const { helper } = await tree(pool)
    expect(await helper.gather('db', 'count', 1_000)).toEqual(Array.from({ length: 1_000 }, (_, n) => n))
    const taken: unknown[] = []
    for await (const n of helper.pass('db', 'count', 1_000_000)) if (taken.push(n) === 600) break
    expect(taken).toEqual(Array.from({ length: 600 }, (_, n) => n))
  })

  it('hands callbacks and objects on, through any number of contexts', async () => {
    await using pool = new Pool()
    const { helper } = await tree(pool)
    const seen: number[] = []
    const onStep = proxy((n: number) => seen.push(n))
    expect(await helper.report(3, onStep)).toBe(6)
    expect(await helper.reportFrom('db', 3, onStep)).toBe(15)
    expect(seen).toEqual([1, 2, 3, 1, 2, 3])
    const counter = (await helper.counterOf('db')) as { next(): Promise<number> }
    expect([await counter.next(), await counter.next()]).toEqual([1, 2])
  })

  it('hands streams on that it was given, through any number of contexts', async () => {
    await using pool = new Pool()
    const { helper } = await tree(pool)
    let isOver = false
    async function* numbers(to: number) {
      try {
        for (let n = 1; n <= to; n++) yield n
      } finally {
        isOver = true
      }
    }
    expect(await helper.totalAt('db', numbers(1_000))).toBe(500_500)
    expect(isOver).toBe(true)
  })

  it('gets errors with class, code, fields and cause through any number of contexts', async () => {
    await using pool = new Pool()
    const { helper } = await tree(pool)
    const error: Error = await helper.ask('db', 'fail', 'E_ODD').then(
      () => expect.unreachable(),
      (error) => error,
    )
    expect(error).toMatchObject({ name: 'OddError', code: 'E_ODD', message: 'on purpose' })
    expect(error.cause).toBeInstanceOf(RangeError)
    expect(error.stack).toContain('Relay.fail')
  })

  it('has the calls it made aborted with the call that it made them for, however far away', async () => {
    await using pool = new Pool()
    const { db, helper } = await tree(pool)
    const aborter = new AbortController()
    const waiting = helper.$with({ signal: aborter.signal }).ask('db', 'waitForAbort')
    await helper.ask('db', 'echo', 1) // answered after it: it has begun
    const rejected = expect(waiting).rejects.toBe('enough')
    aborter.abort('enough')
    await rejected
    while ((await db.proxy.aborted()).length === 0); // it hears of that by a message that is on its way
    expect(await db.proxy.aborted()).toEqual(['enough'])
  })

  it.each([
    ['the call that it made them for', 'enough'],
    ['the signal that it gave them', 'given up'],
  ])('has calls with a signal of their own aborted by whichever aborts first: %s', async (_, expected) => {
    await using pool = new Pool()
    const { api, db } = await tree(pool)
    const aborter = new AbortController()
    const waiting = api.proxy.$with({ signal: aborter.signal }).askWithSignal('db', 3)
    const outcome = waiting.catch((reason: unknown) => reason)
    await api.proxy.ask('db', 'echo', 1) // answered after them: they have begun
    if (expected === 'enough') aborter.abort(expected)
    else await api.proxy.giveUp(expected)
    expect(await outcome).toEqual(expected === 'enough' ? expected : [expected, expected, expected])
    while ((await db.proxy.aborted()).length < 3); // it hears of that by a message that is on its way
    expect(await db.proxy.aborted()).toEqual([expected, expected, expected])
    expect(db.stats().pending).toBe(0)
  })

  it('gives the calls it makes what remains of its own call’s time, and its trace', async () => {
    await using pool = new Pool()
    const { helper } = await tree(pool)
    const budgets = await helper.$with({ timeoutMs: 5_000 }).budgets('api', 'worker', 'db')
    expect(budgets.every((left, at) => left! > 0 && left! <= (budgets[at - 1] ?? 5_000))).toBe(true)
    expect(await helper.$with({ timeoutMs: null }).budgets('db')).toEqual([null, expect.any(Number)])
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    expect(await helper.$with({ traceparent }).traces('api', 'worker', 'db')).toEqual(Array(4).fill(traceparent))
  })

  it('has no limits of a call that has ended, in what goes on after it', async () => {
    await using pool = new Pool()
    const { api, db } = await tree(pool)
    await api.proxy.$with({ timeoutMs: 1_000 }).goOn('db')
    const [left] = await api.proxy.release()
    expect(left).toBeGreaterThan(1_000)
    expect(db.stats().pending).toBe(0)
  })

  it('that ends has the calls it had made aborted where they run', async () => {
    await using pool = new Pool()
    const { api, db } = await tree(pool)
    const asked = api.proxy.ask('db', 'waitForAbort')
    await api.proxy.ask('db', 'echo', 1)
    const rejected = expect(asked).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
    api.kill()
    await rejected
    while ((await db.proxy.aborted()).length === 0); // it hears of that by a message that is on its way
  })

  it('takes what lives below it along when it dies; their callers are told, and the rest goes on', async () => {
    await using pool = new Pool()
    const { api, db, helper } = await tree(pool)
    const waiting = helper.waitForAbort()
    await helper.echo(1)
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: true })
    await expect(api.proxy.exit(4)).rejects.toMatchObject({ exitCode: 4 })
    await rejected
    expect(api.state).toBe('FAILED')
    expect(await db.proxy.echo('still here')).toBe('still here')
  })

  it('whose context below dies is told so by the calls that were there, and goes on', async () => {
    await using pool = new Pool()
    const { api, helper } = await tree(pool)
    const waiting = expect(helper.waitForAbort()).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
    await helper.echo(1)
    await expect(api.proxy.ask('worker', 'exit', 5)).rejects.toMatchObject({ exitCode: 5 })
    await waiting
    expect(await api.proxy.echo('still here')).toBe('still here')
  })

  it('that is stopped has all that lives below it stopped first', async () => {
    await using pool = new Pool()
    const { api } = await tree(pool)
    await api.stop()
    expect(api.state).toBe('STOPPED')
    await api.start()
    expect(await api.proxy.spawnBelow('worker')).toBe('root/api/worker')
  })
})

describe('a call by a name that nobody has yet', () => {
  it('waits until a service of that name comes', async () => {
    await using pool = new Pool()
    const early = pool.proxy<Relay>('late').echo('worm')
    await pool.spawn<Relay>(relay('other'))
    await pool.spawn<Relay>(relay('late'))
    expect(await early).toBe('worm')
  })

  it('waits in the uppermost pool when it comes from a context', async () => {
    await using pool = new Pool()
    const { helper } = await tree(pool)
    const early = helper.ask('late', 'whoCalls')
    await helper.echo(1)
    await pool.spawn<Relay>(relay('late'))
    expect(await early).toBe('root/api/worker/helper calls root/late')
  })

  it('rejects at its deadline, and names the services that there are', async () => {
    await using pool = new Pool()
    await pool.spawn<Relay>(relay('api'))
    const late = await pool
      .proxy<Relay>('apii')
      .$with({ timeoutMs: 20 })
      .echo(1)
      .catch((error: unknown) => error)
    expect(late).toMatchObject({
      code: 'ERR_TROUPE_DEADLINE',
      cause: { code: 'ERR_TROUPE_NO_SUCH_SERVICE', message: expect.stringContaining('api') },
    })
  })

  describe.each(KINDS)('in a %s:', (kind) => {
    type Ask = (api: ServiceHandle<Relay>, pool: Pool, timeoutMs: number) => Promise<unknown>
    const CALLERS: Readonly<Record<string, readonly [ask: Ask, known: RegExp]>> = {
      'from a service': [({ proxy }, _, timeoutMs) => proxy.askWithin(timeoutMs, 'absent'), /"absent" .*known: api/],
      'from one further below': [
        ({ proxy }, _, timeoutMs) => proxy.ask('worker', 'ask', 'helper', 'askWithin', timeoutMs, 'absent'),
        /"absent" .*known: api/,
      ],
      'from a service, by a path that leads down': [
        ({ proxy }, _, timeoutMs) => proxy.askWithin(timeoutMs, 'worker/absent'),
        /"absent" .*known: helper/,
      ],
      'from the parent script, by such a path': [
        (_, pool, timeoutMs) =>
          pool
            .proxy<Relay>(`${contextOf(kind, 'api')}/absent`)
            .$with({ timeoutMs })
            .whoCalls(),
        /"absent" .*known: worker/,
      ],
    }

    it.each(Object.entries(CALLERS))('rejects at its deadline %s, with the same cause', async (_, [ask, known]) => {
      await using pool = new Pool()
      const api = await (await placeOf(pool, kind)).spawn<Relay>(relay('api'))
      await api.proxy.spawnBelow('worker')
      await api.proxy.ask('worker', 'spawnBelow', 'helper')
      await expect(ask(api, pool, 200)).rejects.toMatchObject({
        code: 'ERR_TROUPE_DEADLINE',
        ranMs: 0,
        cause: { code: 'ERR_TROUPE_NO_SUCH_SERVICE', message: expect.stringMatching(known) },
      })
    })

    it('has no such cause once its service has come, and is late itself', async () => {
      await using pool = new Pool({ clock: new ManualClock() }) // so that it is the caller's own context that finds it late
      const api = await (await placeOf(pool, kind)).spawn<Relay>(relay('api'))
      await pool.spawn<Relay>(relay('other'))
      const waited = api.proxy.waitWithin(1_500, 'late').catch((error: unknown) => error)
      await api.proxy.ask('other', 'whoCalls') // behind it, so that it waits by now
      await pool.spawn<Relay>(relay('late'))
      const error = (await waited) as Error & { readonly ranMs: number }
      expect(error).toMatchObject({ code: 'ERR_TROUPE_DEADLINE' })
      expect(error.cause).toBeUndefined()
      expect(error.ranMs).toBeGreaterThan(0)
    })
  })

  it('rejects when its caller aborts it, and when the pool closes', async () => {
    const pool = new Pool()
    const aborter = new AbortController()
    const [aborted, left] = [aborter.signal, undefined].map((signal) =>
      pool.proxy<Relay>('nobody').$with({ signal, timeoutMs: null }).echo(1),
    )
    aborter.abort('enough')
    await expect(aborted).rejects.toBe('enough')
    const rejected = expect(left).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
    await pool.close()
    await rejected
    await expect(pool.proxy<Relay>('nobody').echo(1)).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
  })
})
