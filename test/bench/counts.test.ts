/** What a call costs on any machine: counts, with some room above what was seen, and no times. */
import { getHeapStatistics } from 'node:v8'
import { MessagePort } from 'node:worker_threads'
import { ConcurrentInvoker } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { type Count, startCounting } from '../fixtures/counting.ts'
import { collectGarbage } from '../fixtures/garbage.ts'
import { fixture, openPool } from '../fixtures/index.ts'
import type { AskingMeter } from '../fixtures/services/asking-meter.ts'
import type { Meter } from '../fixtures/services/meter.ts'

const CALLS = 1_000

async function openMeter() {
  const pool = openPool({ threads: { min: 0 } }) // whose start would be counted
  const { proxy } = await pool.spawn<Meter>({ name: 'meter', module: fixture('meter.ts') })
  const wave = () => Promise.all(Array.from({ length: CALLS }, (_, n) => proxy.add(n, 1)))
  return { proxy, wave, [Symbol.asyncDispose]: () => pool.close() }
}

/** What both sides do for a wave of calls, once what comes with the first calls is over. */
async function countsOf(calls: 'at once' | 'one after another'): Promise<{ owner: Count; thread: Count }> {
  await using meter = await openMeter()
  await meter.wave()
  using counting = startCounting()
  await meter.proxy.take()
  counting.take()
  if (calls === 'at once') await meter.wave()
  else for (let n = 0; n < CALLS; n++) await meter.proxy.add(n, 1)
  const owner = counting.take()
  return { owner, thread: await meter.proxy.take() }
}

it('1,000 calls at once are 13 messages to the thread, and 16 back', async () => {
  const { owner, thread } = await countsOf('at once')
  expect(owner.messages).toBeLessThanOrEqual(16)
  expect(thread.messages).toBeLessThanOrEqual(20) // one of them answers the question before
})

it('calls one after another are one message there and one back, each', async () => {
  const { owner, thread } = await countsOf('one after another')
  expect(owner.messages).toBe(CALLS)
  expect(thread.messages).toBe(CALLS + 1) // one of them answers the question before
})

it('a call of two small numbers is 14 bytes, and its reply 8', async () => {
  const { owner, thread } = await countsOf('at once')
  expect(owner.bytes / CALLS).toBeLessThanOrEqual(15)
  expect(thread.bytes / CALLS).toBeLessThanOrEqual(9)
})

it.each(['at once', 'one after another'] as const)('no call has a timer of its own, made %s', async (calls) => {
  const { owner, thread } = await countsOf(calls)
  expect(owner.timers).toBeLessThanOrEqual(1) // the watch over all deadlines
  expect(thread.timers).toBe(0)
})

it('a call queues one microtask at its owner, and none in the thread', async () => {
  const { owner, thread } = await countsOf('one after another')
  expect(owner.microtasks).toBe(CALLS)
  expect(thread.microtasks).toBe(0)
})

describe.each(['plain', 'with a deadline', 'with a signal', 'of an async method'] as const)('a call %s', (kind) => {
  it('is no message more than a plain one', async () => {
    await using meter = await openMeter()
    const { signal } = new AbortController()
    const calls = {
      plain: (n: number) => meter.proxy.add(n, 1),
      'with a deadline': (n: number) => meter.proxy.$with({ timeoutMs: 50_000 }).add(n, 1),
      'with a signal': (n: number) => meter.proxy.$with({ signal }).add(n, 1),
      'of an async method': (n: number) => meter.proxy.addLater(n, 1),
    }
    using counting = startCounting()
    const wave = () => Promise.all(Array.from({ length: CALLS }, (_, n) => calls[kind](n)))
    await wave()
    await meter.proxy.take()
    counting.take()
    await wave()
    const [owner, thread] = [counting.take(), await meter.proxy.take()]
    expect(owner.timers).toBeLessThanOrEqual(1) // the watch over all deadlines
    expect(owner.messages).toBeLessThanOrEqual(16)
    expect(owner.bytes / CALLS).toBeLessThanOrEqual(15)
    expect(thread.timers).toBe(0)
    expect(thread.messages).toBeLessThanOrEqual(20)
    expect(thread.bytes / CALLS).toBeLessThanOrEqual(9)
  })
})

describe.each(['routed', 'direct'] as const)('a call of another service, %s,', (link) => {
  const countsBetween = async (how: 'atOnce' | 'oneAfterAnother') => {
    await using pool = openPool({ threads: { min: 0 } })
    const [callee, caller] = await Promise.all([
      pool.spawn<Meter>({ name: 'callee', module: fixture('meter.ts'), link }),
      pool.spawn<AskingMeter>({ name: 'caller', module: fixture('asking-meter.ts') }),
    ])
    await caller.proxy.atOnce('callee', CALLS)
    using counting = startCounting()
    await callee.proxy.take()
    counting.take()
    const inCaller = await caller.proxy[how]('callee', CALLS)
    return { inCaller, owner: counting.take(), inCallee: await callee.proxy.take() }
  }

  it('is two messages of the services, and one of their owner if that is between them', async () => {
    const { inCaller, owner, inCallee } = await countsBetween('oneAfterAnother')
    expect(inCaller.messages).toBe(CALLS)
    if (link === 'direct') {
      expect(inCallee.messages).toBe(CALLS + 1) // one of them answers the question before
      expect(owner.messages).toBe(1) // which asks the caller for all this
    } else {
      expect(inCallee.messages - CALLS).toBeLessThanOrEqual(17) // the owner is told of 64 results at a time
      expect(owner.messages - CALLS).toBeLessThanOrEqual(17) // and tells the caller that it knows
    }
  })

  it('queues one microtask in its caller, and none anywhere else', async () => {
    const { inCaller, owner, inCallee } = await countsBetween('oneAfterAnother')
    expect(inCaller.microtasks).toBeLessThanOrEqual(CALLS)
    expect(owner.microtasks).toBeLessThan(20)
    expect(inCallee.microtasks).toBe(0)
  })

  it('shares its messages with the others of its turn', async () => {
    const { inCaller, owner, inCallee } = await countsBetween('atOnce')
    expect(inCaller.messages).toBeLessThanOrEqual(16)
    expect(owner.messages).toBeLessThanOrEqual(link === 'direct' ? 1 : 24) // by how the threads take turns
    // Results that are passed on leave by the window, of which there are four; others leave after 64.
    expect(inCallee.messages).toBeLessThanOrEqual(link === 'direct' ? 40 : 16)
  })
})

/** Has this thread stand still after it has posted a long batch, until what comes of that is there. */
function stallAfterLongBatch(isThere: () => boolean): Disposable {
  const { postMessage } = MessagePort.prototype
  MessagePort.prototype.postMessage = function (this: MessagePort, ...args: unknown[]) {
    Reflect.apply(postMessage, this, args)
    if (Array.isArray(args[0]) && args[0].length > CALLS) while (!isThere());
  }
  return {
    [Symbol.dispose]() {
      MessagePort.prototype.postMessage = postMessage
    },
  }
}

it('results that have come while their owner was busy are passed on together, and not as the 16 messages that they were', async () => {
  await using pool = openPool({ threads: { min: 0 } })
  const added = new Int32Array(new SharedArrayBuffer(4))
  const invoker = new ConcurrentInvoker({ window: CALLS })
  const [, caller] = await Promise.all([
    pool.spawn<Meter>({ name: 'callee', module: fixture('meter.ts'), link: 'routed', options: { added }, invoker }),
    pool.spawn<AskingMeter>({ name: 'caller', module: fixture('asking-meter.ts') }),
  ])
  await caller.proxy.atOnce('callee', 100)
  Atomics.store(added, 0, 0)
  using counting = startCounting()
  using _ = stallAfterLongBatch(() => Atomics.load(added, 0) === CALLS)
  await caller.proxy.atOnce('callee', CALLS)
  // With the question, and the calls; the last results leave only after the last call has run, and may come by themselves.
  expect(counting.take().messages).toBeLessThanOrEqual(6)
})

it('a stream of 10,000 small items is some 160 messages of 4 bytes an item, and half as many back', async () => {
  await using meter = await openMeter()
  using counting = startCounting()
  await meter.proxy.take()
  counting.take()
  expect(await Array.fromAsync(meter.proxy.count(10_000))).toHaveLength(10_000)
  const [reader, producer] = [counting.take(), await meter.proxy.take()]
  expect(producer.messages).toBeLessThanOrEqual(200)
  expect(producer.bytes / 10_000).toBeLessThanOrEqual(4.5)
  expect(reader.messages).toBeLessThanOrEqual(100)
  expect(reader.timers).toBeLessThanOrEqual(1) // the watch over all deadlines
  expect(producer.timers).toBe(0)
})

/** Node counts them from 25 on. */
const canCount = 'total_allocated_bytes' in getHeapStatistics()

it.runIf(canCount)('a call among 1,000 allocates 810 bytes at its owner', async () => {
  await using meter = await openMeter()
  const allocatedBytes = () => getHeapStatistics().total_allocated_bytes
  const waves = async (count: number) => {
    for (let n = 0; n < count; n++) await meter.wave()
  }
  await waves(100) // compiled code allocates less
  const before = allocatedBytes()
  await waves(50)
  expect((allocatedBytes() - before) / (50 * CALLS)).toBeLessThan(1_000)
})

it('a call that waits weighs 360 bytes, with its promise and its arguments', async () => {
  await using pool = openPool()
  const handle = await pool.spawn<Meter>({ name: 'meter', module: fixture('meter.ts') })
  const wave = () => Array.from({ length: CALLS }, (_, n) => handle.proxy.add(n, 1))
  await Promise.all(wave())
  await handle.pause()
  const heapBytes = async () => {
    await collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const before = await heapBytes()
  const waiting = Array.from({ length: 10 }, wave)
  expect(((await heapBytes()) - before) / (10 * CALLS)).toBeLessThan(420)
  await handle.start()
  await Promise.all(waiting.flat())
})

it.each([
  { has: 'no hooks', file: 'calculator.ts', up: [], pause: [], end: [] },
  {
    has: 'hooks and a body',
    file: 'fragile.ts',
    up: ['carryOut', 'carryOut'],
    pause: ['leave'],
    end: ['leave', 'carryOut'],
  },
])('a thread whose service has $has is woken as often as that takes', async ({ file, up, pause, end }) => {
  await using pool = openPool({ threads: { min: 0 } })
  using counting = startCounting()
  const spec = { name: 'one', module: fixture(file), options: {} }
  const handle = await pool.spawn(spec)
  expect(counting.take().asked).toEqual(['threadId', 'open', ...up, 'bodyEnd'])
  await handle.pause()
  expect(counting.take().asked).toEqual(['carryOut', ...pause])
  await handle.stop()
  expect(counting.take().asked).toEqual(['heedStop', 'carryOut', 'close'])
  await handle.start()
  counting.take()
  await pool.close()
  expect(counting.take().asked).toEqual(['carryOut', ...end])
})
