/** Routed calls are answered without a promise on the way where nobody looks at them, and by one where somebody does. */
import { tracingChannel } from 'node:diagnostics_channel'
import {
  ConcurrencyLimitInvoker,
  ConcurrentInvoker,
  type InvokerSpec,
  Pool,
  RetryInvoker,
  SerializedInvoker,
} from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Relay } from '../fixtures/services/relay.ts'

class OwnInvoker extends ConcurrentInvoker {
  override async invoke(...args: Parameters<ConcurrentInvoker['invoke']>): Promise<unknown> {
    const outcome = await super.invoke(...args)
    return typeof outcome === 'number' ? outcome + 1 : outcome
  }
}

const INVOKERS: Readonly<Record<string, InvokerSpec | (() => InvokerSpec)>> = {
  concurrent: 'concurrent',
  serialized: 'serialized',
  deduplicating: 'deduplicating',
  'wrapped by a limit': () => new ConcurrencyLimitInvoker({ maxConcurrent: 200 }, new SerializedInvoker()),
  'wrapped by retries': () => new RetryInvoker({}, new ConcurrentInvoker()),
}

const callee = (invoker: InvokerSpec) => ({
  name: 'db',
  module: fixture('relay.ts'),
  link: 'routed' as const,
  invoker,
})

async function open(pool: Pool, invoker: InvokerSpec) {
  const [api, db] = await Promise.all([
    pool.spawn<Relay>({ name: 'api', module: fixture('relay.ts') }),
    pool.spawn<Relay>(callee(invoker)),
  ])
  return { api: api.proxy, db }
}

describe.each(Object.entries(INVOKERS))('by an invoker that is %s', (_, made) => {
  it('values, errors and streams come back, each to its own call', async () => {
    await using pool = new Pool()
    const { api, db } = await open(pool, typeof made === 'function' ? made() : made)
    const values = Array.from({ length: 100 }, (_, n) => api.ask('db', 'echo', n))
    expect(await Promise.all(values)).toEqual(Array.from({ length: 100 }, (_, n) => n))
    await expect(api.ask('db', 'fail', 'E_ODD')).rejects.toMatchObject({ code: 'E_ODD', name: 'OddError' })
    expect(await api.gather('db', 'count', 100)).toEqual(Array.from({ length: 100 }, (_, n) => n))
    await expect(api.ask('db', 'nothing')).rejects.toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_METHOD' })
    expect(db.stats()).toMatchObject({ pending: 0, queued: 0 })
  })

  it('a call of a service that is stopped, or has died, is told so', async () => {
    await using pool = new Pool()
    const { api, db } = await open(pool, typeof made === 'function' ? made() : made)
    const waiting = api.ask('db', 'waitForAbort')
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
    while (db.stats().pending === 0) await new Promise(setImmediate)
    db.kill()
    await rejected
    await db.stop()
    await expect(api.ask('db', 'echo', 1)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
  })
})

it('what can’t go on to a process is refused there, by what it is and not by who passes it on', async () => {
  await using pool = new Pool()
  const elsewhere = await pool.context({ name: 'elsewhere', kind: 'process' })
  const [api] = await Promise.all([
    elsewhere.spawn<Relay>({ name: 'api', module: fixture('relay.ts') }),
    pool.spawn<Relay>(callee('concurrent')),
  ])
  await expect(api.proxy.ask('db', 'sharedBytes')).rejects.toMatchObject({
    code: 'ERR_TROUPE_NOT_CLONEABLE',
    path: expect.stringMatching(/^result/),
    message: expect.stringContaining('an answer that was to be passed on'),
  })
  expect(await api.proxy.ask('db', 'echo', 1)).toBe(1)
})

it('an invoker of one’s own sees each call, and its outcome', async () => {
  await using pool = new Pool()
  const { api } = await open(pool, new OwnInvoker())
  expect(await api.ask('db', 'echo', 1)).toBe(2)
})

it('a tracer sees each call, and its outcome', async () => {
  await using pool = new Pool()
  const { api } = await open(pool, 'concurrent')
  const seen: unknown[] = []
  const channel = tracingChannel<object, { service: string; method: string; result?: unknown }>('troupe:call')
  const subscribers = {
    asyncEnd({ service, result }: { readonly service: string; readonly result?: unknown }) {
      if (service === 'db') seen.push(result)
    },
  } as never
  channel.subscribe(subscribers)
  try {
    expect(await api.ask('db', 'echo', 1)).toBe(1)
  } finally {
    channel.unsubscribe(subscribers)
  }
  expect(seen).toEqual([1])
})
