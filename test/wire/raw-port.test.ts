import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { AllowAny } from '../../packages/worker-host/src/access/built-in-policies.ts'
import { methodTable } from '../../packages/worker-host/src/access/method-table.ts'
import { Dispatcher } from '../../packages/worker-host/src/host/dispatcher.ts'
import { CallScopes } from '../../packages/worker-host/src/service/call-scope.ts'
import type { ItemBatch } from '../../packages/worker-host/src/streams/stream-producer.ts'
import { Exchange, MARKED, Reply, Request, STREAM_WINDOW } from '../../packages/worker-host/src/wire/messages.ts'

class Target {
  static exposed = { answer: AllowAny, count: AllowAny, items: AllowAny }
  reached = 0
  answer(value: unknown): unknown {
    return value
  }
  count(...args: unknown[]): number {
    return args.length
  }
  async *items(count: number): AsyncGenerator<number> {
    for (let n = 0; n < count; n++) yield n
  }
  secret(): void {
    this.reached++
  }
}

const [ANSWER, COUNT, ITEMS] = [0, 1, 2]
const MARK = 987_654

/** A dispatcher behind a real channel, and the raw port to it. */
function openPort() {
  const { port1, port2 } = new MessageChannel()
  const target = new Target()
  const methods = methodTable(Target, Object.prototype)
  const begun = { value: 0 }
  const identity = { service: 'target', context: 'root/target', caller: 'root' }
  const scopes = new CallScopes(Target, Object.prototype)
  const dispatcher = new Dispatcher({ ...identity, target, methods, port: port2, begun, isSerialized: false, scopes })
  dispatcher.release()
  const replies: unknown[][] = []
  const marked = Promise.withResolvers<void>()
  port1.on('message', (batch: unknown[]) => {
    for (let at = 0; at < batch.length; at += 3) {
      replies.push(batch.slice(at, at + 3))
      if (batch[at + 1] === MARK) marked.resolve()
    }
  })
  return {
    dispatcher,
    target,
    begun,
    replies,
    post: (message: unknown) => port1.postMessage(message),
    /** Resolves when everything posted so far has been received, and a call after it answered. */
    answered: async () => {
      port1.postMessage([Request.Call, MARK, ANSWER, 1, 'still here'])
      await marked.promise
      return replies.filter(([, id]) => id !== MARK)
    },
    async [Symbol.asyncDispose]() {
      const closed = once(port1, 'close')
      await dispatcher.close()
      await closed
    },
  }
}

const MALFORMED: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['undefined', undefined],
  ['a number', 7],
  ['a text', 'Call'],
  ['an object', { a: 1 }],
  ['an object that looks like a list', { length: 5, 0: Request.Call, 1: 0, 2: ANSWER, 3: 1, 4: 'x' }],
  ['an empty batch', []],
  ['an unknown operation', [9, 0, 0]],
  ['an operation named like a member', ['__proto__', 0, 0]],
  ['a call without a length', [Request.Call, 0, ANSWER]],
  ['a call whose length is a text', [Request.Call, 0, ANSWER, '1', 'x']],
  ['a call whose length is no whole number', [Request.Call, 0, ANSWER, 0.5, 'x']],
  ['a call whose length is NaN', [Request.Call, 0, ANSWER, Number.NaN, 'x']],
  ['a call longer than its batch', [Request.Call, 0, ANSWER, 3, 'x']],
  ['a call whose length leads back to its start', [Request.Call, 0, ANSWER, -4]],
  ['a call whose length leads back for ever', [Request.Call, 0, ANSWER, -3, 0, ANSWER, 0]],
  ['a call without the extras that it says it has', [Request.CallWith, 0, ANSWER, 1, 'x']],
  ['a call with extras whose length leads back', [Request.CallWith, 0, ANSWER, -5]],
  ['credit for nobody', [Request.Credit, 5, 1, 0]],
  ['the return of nobody', [Request.Return, 5]],
]

describe('what is posted into a call port', () => {
  it.each(MALFORMED)('is dropped where it can’t be read, and the host goes on: %s', async (_, message) => {
    await using port = openPort()
    port.post(message)
    expect(await port.answered()).toEqual([])
    expect(port.begun.value).toBe(1)
  })

  it.each([
    ['below the list', -1],
    ['beyond the list', 3],
    ['no whole number', 0.5],
    ['a name of a method', 'secret'],
    ['a member of every list', 'push'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['an object', { toString: 0 }],
  ])('reaches nothing by a method’s number that is %s', async (_, number) => {
    await using port = openPort()
    port.post([Request.Call, 4, number, 1, 'x'])
    expect(await port.answered()).toMatchObject([
      [Reply.Failure, 4, { classes: expect.arrayContaining(['NoSuchMethodError']) }],
    ])
    expect(port.target.reached).toBe(0)
  })

  it.each([
    ['marks that are no list', { marks: 'x' }],
    ['a mark that is no object', { marks: [1] }],
    ['a mark of no kind', { marks: [{ at: [0] }] }],
    ['a mark without a path', { marks: [{ kind: 'codec', name: 'url', value: '' }] }],
    ['a path to nowhere', { marks: [{ kind: 'codec', at: [1], name: 'url', value: '' }] }],
    ['a path through a prototype', { marks: [{ kind: 'codec', at: [1, '__proto__', 'x'], name: 'url', value: '' }] }],
    ['a path to a prototype', { marks: [{ kind: 'codec', at: [1, '__proto__'], name: 'url', value: '' }] }],
    ['a path to a place that is taken', { marks: [{ kind: 'codec', at: [1, 'a'], name: 'url', value: '' }] }],
    ['a path to a list’s length', { marks: [{ kind: 'codec', at: ['length'], name: 'url', value: '' }] }],
    ['a codec that there is not', { marks: [{ kind: 'codec', at: [0], name: 'constructor', value: '' }] }],
    ['Comlink’s handler of proxies', { marks: [{ kind: 'codec', at: [0], name: 'proxy', value: '' }] }],
    ['Comlink’s handler of errors', { marks: [{ kind: 'codec', at: [0], name: 'throw', value: { value: 1 } }] }],
  ])('refuses a call whose extras are %s', async (_, extras) => {
    await using port = openPort()
    port.post([Request.CallWith, 4, COUNT, 2, null, { a: 1 }, extras])
    const refused = [Reply.Failure, 4, { classes: expect.arrayContaining(['BadArgumentsError']) }]
    expect(await port.answered()).toMatchObject([refused])
  })

  it.each([
    ['of nothing', [7, 'secret']],
    ['that is no list', 'secret'],
    ['of a name of every object', ['__proto__', 'constructor']],
    ['without words', []],
  ])('refuses an invocation %s', async (_, words) => {
    await using port = openPort()
    port.post([Exchange.Invoke, 4, words])
    const name = expect.stringMatching(/^(Revoked|BadArguments)Error$/)
    expect(await port.answered()).toMatchObject([[Exchange.Fault, 4, { classes: expect.arrayContaining([name]) }]])
  })

  it.each([
    ['a constructor', ['constructor']],
    ['a prototype', ['__proto__']],
    ['a then, which would be called by itself', ['then']],
    ['no text', [1]],
  ])('gives a method no stub whose methods are named like %s', async (_, methods) => {
    await using port = openPort()
    port.post([Request.CallWith, 4, ANSWER, 1, null, { marks: [{ kind: 'reference', at: [0], id: 1, methods }] }])
    const refused = [Reply.Failure, 4, { classes: expect.arrayContaining(['BadArgumentsError']) }]
    expect(await port.answered()).toMatchObject([refused])
  })

  it('never stops the host and reaches nothing, whatever it is', async () => {
    const word = fc.oneof(
      fc.integer({ min: -5, max: 6 }),
      fc.constantFrom(
        Number.NaN,
        Number.POSITIVE_INFINITY,
        2 ** 31,
        2 ** 53,
        -0,
        'push',
        '__proto__',
        '',
        null,
        undefined,
      ),
      fc.anything({ maxDepth: 1 }),
    )
    const call = fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.array(word, { maxLength: 3 }))
      .map(([method, args]) => [Request.Call, 1, method, args.length, ...args])
    const path = fc.array(fc.oneof(fc.integer({ min: -1, max: 2 }), fc.constantFrom('__proto__', 'length', 'a')))
    const mark = fc.record({
      kind: fc.constantFrom('codec', 'reference', 'stream', 'constructor'),
      at: path,
      name: word,
      value: word,
      id: word,
      methods: fc.oneof(word, fc.array(word)),
    })
    const exchanged = fc.tuple(
      fc.constantFrom(...Object.values(Exchange)).chain((plain) => fc.constantFrom(plain, plain + MARKED)),
      word,
      fc.oneof(word, fc.array(word), fc.tuple(fc.array(word), fc.array(mark))),
    )
    const callWith = fc
      .tuple(call, fc.oneof(word, fc.record({ marks: fc.oneof(word, fc.array(mark)) })))
      .map(([[_, ...rest], extras]) => [Request.CallWith, ...rest, extras])
    const message = fc.oneof(
      fc.anything(),
      fc.array(word),
      fc.array(fc.oneof<fc.Arbitrary<unknown[]>[]>(call, callWith, exchanged)).map((calls) => calls.flat()),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 12 }), async (messages) => {
        await using port = openPort()
        for (const each of messages) port.post(each)
        await port.answered()
        expect(port.target.reached).toBe(0)
        expect(Object.keys(Object.prototype)).toEqual([])
      }),
      { numRuns: 150 },
    )
  })

  it.each([undefined, null, 7, 'text', [], { budgetMs: 'long', trace: 5, stores: 7 }, { stores: null }])(
    'is a call all the same where its extras say nothing: %j',
    async (extras) => {
      await using port = openPort()
      port.post([Request.CallWith, 4, ANSWER, 1, 'x', extras])
      expect(await port.answered()).toEqual([[Reply.Result, 4, 'x']])
    },
  )

  it('can’t free a stream from standing still by credit that is no count', async () => {
    using _ = vi.spyOn(performance, 'now').mockReturnValue(1) // each is read, and left, before the next one comes
    await using port = openPort()
    const credits = [Number.NaN, -1, Number.NEGATIVE_INFINITY, '5', null, 0.5]
    const pairs = [...credits.map((credit) => [credit, 0]), ...credits.slice(0, 3).map((credit) => [5, credit])]
    for (const credit of pairs) {
      port.post([Request.Call, 1, ITEMS, 1, 2_000, Request.Credit, 1, ...credit])
      port.post([Request.Return, 1])
    }
    const replies = await port.answered()
    const batches = replies.filter(([operation]) => operation === Reply.Items) as [number, number, ItemBatch][]
    const items = batches.flatMap(([, , batch]) => batch.items) as number[]
    expect(items.length).toBe(pairs.length * STREAM_WINDOW.items)
    expect(Math.max(...items)).toBe(STREAM_WINDOW.items - 1)
  })

  it('is a call only in its thread’s own list of methods: its arguments are data', async () => {
    await using port = openPort()
    port.post([Request.Call, 1, COUNT, 3, Request.Call, 2, ANSWER, Request.Call, 3, COUNT, 0])
    expect(await port.answered()).toEqual([
      [Reply.Result, 1, 3],
      [Reply.Result, 3, 0],
    ])
  })
})
