/**
 * Every function that takes an object of options refuses what is no such object, and a name that it does not know, before
 * it does anything: the error names what was found, and what is known.
 */
import {
  BatchingInvoker,
  CircuitBreakerInvoker,
  ConcurrencyLimitInvoker,
  ConcurrentInvoker,
  DeduplicatingInvoker,
  Invoker,
  Pool,
  RateLimitInvoker,
  RetryInvoker,
  SerializedInvoker,
  type ServiceHandle,
} from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Hasty } from '../fixtures/services/hasty.ts'

const calculator = { name: 'calculator', module: fixture('calculator.ts') }
const hasty = { name: 'hasty', module: fixture('hasty.ts') }

class OwnInvoker extends Invoker {}

const badOptions = (message: RegExp) =>
  expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringMatching(message) })

interface Place {
  readonly pool: Pool
  readonly handle: ServiceHandle
  readonly hasty: ServiceHandle<Hasty>
}

async function openPlace() {
  const pool = new Pool()
  const handle = await pool.spawn(calculator)
  return { pool, handle, hasty: await pool.spawn<Hasty>(hasty), [Symbol.asyncDispose]: () => pool.close() }
}

/** In one promise, however it fails. */
const made = async (make: () => unknown): Promise<unknown> => make()

/** Each with names that it knows, and some of its own that are right. */
const TAKERS: Readonly<
  Record<string, readonly [known: string, take: (options: never, place: Place) => unknown, right?: object]>
> = {
  RetryInvoker: ['capacity, window, isSerialized, attempts, minMs', (options) => new RetryInvoker(options)],
  'RetryInvoker around another': ['attempts, minMs', (options) => new RetryInvoker(options, new ConcurrentInvoker())],
  CircuitBreakerInvoker: ['failureRatio, minimumCalls', (options) => new CircuitBreakerInvoker(options)],
  RateLimitInvoker: ['callsPerSecond, burst', (options) => new RateLimitInvoker(options), { callsPerSecond: 5 }],
  ConcurrencyLimitInvoker: ['maxConcurrent', (options) => new ConcurrencyLimitInvoker(options), { maxConcurrent: 1 }],
  BatchingInvoker: ['methods, maxSize', (options) => new BatchingInvoker(options), { methods: { get: 'getMany' } }],
  DeduplicatingInvoker: ['ttlMs, maxEntries, key', (options) => new DeduplicatingInvoker(options)],
  ConcurrentInvoker: ['capacity, window, isSerialized', (options) => new ConcurrentInvoker(options)],
  SerializedInvoker: ['capacity, window', (options) => new SerializedInvoker(options)],
  'an invoker of one’s own': ['capacity, window, isSerialized', (options) => new OwnInvoker(options)],
  "a pool's threads": ['min, max, idleMs', (threads) => new Pool({ threads })],
  "a context's threads": ['min, max, idleMs', (threads, { pool }) => pool.context({ name: 'context', threads })],
  graph: ['timeoutMs', (options, { pool }) => pool.graph(options)],
  inject: ['signal', (options, { pool }) => pool.inject('key', options)],
  stop: ['drain', (options, { handle }) => handle.stop(options)],
  restart: ['drain', (options, { handle }) => handle.restart(options)],
  'inject in a service': ['signal', (options, { hasty }) => hasty.proxy.injectWith(options)],
  'tasks.run in a service': ['name, daemon, onStop', (options, { hasty }) => hasty.proxy.runWith(options)],
  'children.add in a service': ['daemon', (options, { hasty }) => hasty.proxy.addWith(calculator.module.href, options)],
  'children.spawn in a service': [
    'daemon',
    (options, { hasty }) => hasty.proxy.spawnWith(calculator.module.href, options),
  ],
}

describe.each(Object.entries(TAKERS))('%s', (_, [known, take, right = {}]) => {
  it('refuses an option that it does not know, and names those that it knows', async () => {
    await using place = await openPlace()
    const taken = made(() => take({ ...right, atempts: 5 } as never, place))
    await expect(taken).rejects.toEqual(badOptions(new RegExp(`unknown option "atempts", known: .*${known}`)))
    expect(place.handle.state).toBe('RUNNING')
  })

  it('refuses what is no object of options', async () => {
    await using place = await openPlace()
    for (const wrong of [null, 5, true, 'text', [], [1]]) {
      const taken = made(() => take(wrong as never, place))
      await expect(taken, JSON.stringify(wrong)).rejects.toEqual(
        badOptions(/ needs an object of options, found .*; known: /),
      )
    }
    expect(place.handle.state).toBe('RUNNING')
  })
})

describe('a specification', () => {
  it.each([
    ['a supervision that is true', { supervision: true }, /"supervision" must be an object such as .* found true/],
    ['no supervision', { supervision: null }, /"supervision" must be an object such as .* found null/],
    ['a text for a supervision', { supervision: 'permanent' }, /"supervision" must be an object .* found permanent/],
    ['a list for a supervision', { supervision: ['permanent'] }, /"supervision" must be an object such as/],
    [
      'a supervision that is misspelt',
      { supervision: { restarts: 5 } },
      /unknown "restarts" in "supervision", known: restart, maxRestarts, withinMs/,
    ],
    ['a text for a number of restarts', { supervision: { maxRestarts: '5' } }, /"maxRestarts" must be a whole number/],
    ['a text for a time', { supervision: { withinMs: '5' } }, /"withinMs" must be a number of milliseconds above 0/],
    ['resource limits that are a number', { resourceLimits: 5 }, /"resourceLimits" must be an object such as/],
    ['resource limits that are a list', { resourceLimits: [] }, /"resourceLimits" must be an object such as/],
    ['limits that are misspelt', { resourceLimits: { maxHeap: 64 } }, /unknown "maxHeap" in "resourceLimits", known: /],
    ['a list for an invoker', { invoker: ['serialized'] }, /"invoker" must be an Invoker or one of concurrent, /],
    ['an option that is misspelt', { supervison: {} }, /unknown "supervison", known: name, module, /],
  ])('with %s is BAD_OPTIONS', async (_, wrong, message) => {
    await using pool = new Pool()
    expect(() => pool.add({ ...calculator, ...wrong } as never)).toThrow(badOptions(message))
    expect(pool.names).toEqual([])
  })
})
