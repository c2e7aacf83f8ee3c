import { tracingChannel } from 'node:diagnostics_channel'
import { type CallMessage, type CallRequest, Pool, type ServiceProxy } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { ConcurrentInvoker } from '../../packages/runtime/src/calls/invoker.ts'
import { invokeTraced, streamTraced } from '../../packages/runtime/src/services/call-tracing.ts'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Traced } from '../fixtures/services/traced.ts'

const traced = { name: 'traced', module: fixture('traced.ts') }
const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

/** Listens to the calls of this process, for as long as it is in scope. */
function listen() {
  const heard: (readonly [event: string, message: CallMessage])[] = []
  const channel = tracingChannel<object, CallMessage>('troupe:call')
  const listeners = Object.fromEntries(
    EVENTS.map((event) => [event, (message: CallMessage) => heard.push([event, { ...message }])]),
  ) as never
  channel.subscribe(listeners)
  return {
    heard,
    events: () => heard.splice(0).map(([event]) => event),
    [Symbol.dispose]: () => channel.unsubscribe(listeners),
  }
}

describe.each(KINDS)('in a %s:', (kind) => {
  describe('who listens to "troupe:call"', () => {
    it('hears of a call at its start and when it has settled, with its result', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Traced>(traced)
      using tracing = listen()
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      await proxy.$with({ traceparent }).later('done')
      const message = { service: 'traced', method: 'later', caller: 'root', args: ['done'], traceparent }
      expect(tracing.heard).toEqual([
        ['start', message],
        ['end', message],
        ['asyncStart', { ...message, result: 'done' }],
        ['asyncEnd', { ...message, result: 'done' }],
      ])
    })

    it('hears of its error before its end', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Traced>(traced)
      using tracing = listen()
      const error = await proxy.fail().catch((reason: unknown) => reason)
      expect(tracing.heard.map(([event]) => event)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
      expect(tracing.heard.at(-1)![1].error).toBe(error)
    })

    it('hears of a stream from its reader’s first `next` until its end, or until it is left', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Traced>(traced)
      using tracing = listen()
      const stream = proxy.items(5)
      expect(tracing.events()).toEqual([])
      await stream.next()
      expect(tracing.events()).toEqual(['start', 'end'])
      await stream.return()
      expect(tracing.events()).toEqual(['asyncStart', 'asyncEnd'])
      await expect(Array.fromAsync(proxy.items(5))).rejects.toThrow('dry')
      expect(tracing.events()).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
    })
  })
})

describe('while nobody listens to "troupe:call"', () => {
  /** Tells when somebody reads of a call what a message would need; what aborts it is looked at by invokers. */
  function watchedRequest() {
    const read: PropertyKey[] = []
    const abortedBy = { signal: undefined, within: undefined }
    const request = new Proxy({} as CallRequest, {
      get: (_, name) => (name in abortedBy ? undefined : read.push(name)),
    })
    return { request, read }
  }

  /** Takes calls and looks at nothing. */
  class Absorbing extends ConcurrentInvoker {
    override invoke(_request: CallRequest): Promise<unknown> {
      return Promise.resolve('taken')
    }
    override stream(_request: CallRequest): ReturnType<ConcurrentInvoker['stream']> {
      return 'taken' as never
    }
  }

  it.each([invokeTraced, streamTraced])('no message is made: %o', async (make) => {
    const { request, read } = watchedRequest()
    expect(await make(new Absorbing(), request)).toBe('taken')
    expect(read).toEqual([])
  })

  it('and one is made as soon as somebody does', async () => {
    const { request, read } = watchedRequest()
    using tracing = listen()
    expect(await invokeTraced(new Absorbing(), request)).toBe('taken')
    expect(read).toContain('method')
    expect(tracing.events()).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
  })
})

describe.each(KINDS)('in a %s:', (kind) => {
  describe('who listens to "troupe:run" there', () => {
    it.each<readonly [string, (proxy: ServiceProxy<Traced>) => Promise<unknown>, string[]]>([
      ['a method', (proxy) => proxy.now('x'), ['start now undefined', 'end now x']],
      ['one that throws', (proxy) => proxy.fail(), ['start fail undefined', 'error fail broken', 'end fail broken']],
      [
        'one that waits',
        (proxy) => proxy.later('x'),
        ['start later undefined', 'end later undefined', 'asyncStart later x', 'asyncEnd later x'],
      ],
      [
        'one that rejects',
        (proxy) => proxy.failLater(),
        [
          'start failLater undefined',
          'end failLater undefined',
          'error failLater broken later',
          'asyncStart failLater broken later',
          'asyncEnd failLater broken later',
        ],
      ],
    ])('hears of %s as it runs', async (_, call, expected) => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Traced>(traced)
      await call(proxy).catch(() => {})
      const lines = expected.map((line) => line.replace(/^(\w+) (\w+)/, '$1 root traced.$2'))
      expect(await proxy.heard()).toEqual(lines)
    })

    it('can bind a store to the run, which holds beside the call, also after an `await`', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Traced>(traced)
      expect(await proxy.spans()).toEqual([undefined, 'spans', undefined, 'spans'])
      expect(await proxy.spans()).toEqual(['spans', 'spans', 'spans', 'spans'])
    })

    it('hears nothing any more when it has stopped to listen', async () => {
      await using pool = new Pool()
      const { proxy } = await (await placeOf(pool, kind)).spawn<Traced>(traced)
      await proxy.deafen()
      await proxy.heard()
      await proxy.now('x')
      expect(await proxy.heard()).toEqual([])
    })
  })
})
