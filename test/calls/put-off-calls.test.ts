/** Calls that a thread has put off, and what comes between them: a dispatcher behind real channels, with methods that take their time. */
import { once } from 'node:events'
import { setImmediate as look } from 'node:timers/promises'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CallPorts } from '../../packages/worker-host/src/host/call-ports.ts'
import { CallScopes } from '../../packages/worker-host/src/service/call-scope.ts'
import { Reply, Request } from '../../packages/worker-host/src/wire/messages.ts'

const spin = (ms: number): void => {
  const startMs = performance.now()
  while (performance.now() - startMs < ms);
}

const OPEN = {
  portable: [],
  policies: [],
  allPolicies: [],
  isIdempotent: false,
  killAfterMs: undefined,
  isStream: false,
}

/** Methods of which each notes its first argument; those that are slow take more than a slice. */
function openPorts({ isSerialized = false } = {}) {
  const { port1: owner, port2: port } = new MessageChannel()
  const ran: unknown[] = []
  const looks: number[] = []
  let lookedTimes = 0
  const note = (word: unknown): void => {
    ran.push(word)
    looks.push(lookedTimes)
  }
  const runs = {
    fast: note,
    slow(word: unknown) {
      spin(2)
      note(word)
    },
    async slowAsync(word: unknown) {
      spin(2)
      note(word)
    },
    cast(word: unknown) {
      spin(2)
      note(word)
    },
    async nap() {
      await look()
    },
    noStream(word: unknown) {
      note(word)
      const items = () => {
        throw new Error('no stream')
      }
      return { [Symbol.asyncIterator]: items }
    },
  }
  const names = Object.keys(runs) as (keyof typeof runs)[]
  const methods = names.map((name) => ({ ...OPEN, name, run: runs[name] as never, isCast: name === 'cast' }))
  const identity = { service: 'target', context: 'root/target', caller: 'root' }
  const scopes = new CallScopes(class {}, Object.prototype)
  const ports = new CallPorts({ ...identity, target: {}, methods, port, begun: { value: 0 }, isSerialized, scopes })
  ports.release()
  const replies: unknown[][] = []
  owner.on('message', (batch: unknown[]) => {
    for (let at = 0; at < batch.length; at += 3) replies.push(batch.slice(at, at + 3))
  })
  const links: MessagePort[] = []
  return {
    ports,
    owner,
    ran,
    replies,
    /** How often the event loop had been round when each of them ended. */
    looks,
    call: (id: number, name: keyof typeof runs, word: unknown = name) => [
      Request.Call,
      id,
      names.indexOf(name),
      1,
      word,
    ],
    /** Gives a caller a port of its own. */
    link(caller: string): MessagePort {
      const { port1, port2 } = new MessageChannel()
      const begun = new Int32Array(new SharedArrayBuffer(4))
      owner.postMessage([Request.Link, 0, { caller, port: port2, begun }], [port2])
      links.push(port1)
      return port1
    },
    /** Resolves when that is so. */
    async until(isSo: () => boolean) {
      const startMs = performance.now()
      while (!isSo()) {
        if (performance.now() - startMs > 4_000) throw new Error(`it never was so: ${ran}`)
        await look()
        lookedTimes++
      }
    },
    async [Symbol.asyncDispose]() {
      const closed = once(owner, 'close')
      await ports.close()
      for (const each of links) each.close()
      await closed
    },
  }
}

afterEach(() => void vi.useRealTimers())

it('calls that came by the owner during a pause all begin before those that came behind them by a link', async () => {
  await using rig = openPorts()
  const link = rig.link('a')
  rig.owner.postMessage(rig.call(0, 'fast', 'first'))
  await rig.until(() => rig.ran.length >= 1)
  rig.ports.hold()
  rig.owner.postMessage([0, 1, 2, 3, 4].flatMap((n) => rig.call(n, 'slow', n)))
  link.postMessage([5, 6, 7].flatMap((n) => rig.call(n, 'slow', n)))
  for (let n = 0; n < 5; n++) await look()
  rig.ports.release()
  await rig.until(() => rig.ran.length >= 9)
  expect(rig.ran.slice(1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

it('a link that comes behind slow calls of the owner is opened behind them', async () => {
  await using rig = openPorts()
  rig.owner.postMessage([0, 1, 2, 3].flatMap((n) => rig.call(n, 'slow', n)))
  rig.link('a').postMessage(rig.call(0, 'fast', 'by the link'))
  await rig.until(() => rig.ran.length >= 5)
  expect(rig.ran).toEqual([0, 1, 2, 3, 'by the link'])
})

it('of a caller that has closed its link, casts still run, and calls that it would have waited for don’t', async () => {
  await using rig = openPorts()
  const link = rig.link('a')
  const calls = [rig.call(0, 'slow'), ...[1, 2, 3].flatMap((n) => [rig.call(n, 'cast', n), rig.call(n + 10, 'fast')])]
  link.postMessage(calls.flat())
  link.close()
  await rig.until(() => rig.ran.includes(3))
  expect(rig.ran.filter((word) => typeof word === 'number')).toEqual([1, 2, 3])
  expect(rig.ran).not.toContain('fast')
})

it('a caller that has closed its link stops nothing by a call that waits with an object for its method', async () => {
  await using rig = openPorts()
  const link = rig.link('a')
  const forged = [Request.Call, 2, { toString: 1, valueOf: 1 }, 0]
  link.postMessage([rig.call(0, 'slow'), rig.call(1, 'slow'), forged, rig.call(3, 'cast')].flat())
  link.close()
  await rig.until(() => rig.ran.includes('cast'))
  rig.owner.postMessage(rig.call(0, 'fast'))
  await rig.until(() => rig.ran.includes('fast'))
})

it('a link is cut at once, though calls of the owner wait, and what waits of its caller does not run', async () => {
  await using rig = openPorts()
  const link = rig.link('a')
  link.postMessage([0, 1, 2].flatMap((n) => rig.call(n, 'slow', `of the link ${n}`)))
  await rig.until(() => rig.ran.length >= 1)
  rig.owner.postMessage([0, 1, 2, 3].flatMap((n) => rig.call(n, 'slow', n)))
  rig.owner.postMessage([Request.Unlink, 0, 'a'])
  await rig.until(() => rig.ran.includes(3))
  expect(rig.ran).not.toContain('of the link 2')
})

it.each(['cut', 'closed'] as const)(
  'a link that waits for its turn as it is %s is not opened, and its port closed',
  async (how) => {
    await using rig = openPorts()
    rig.owner.postMessage([0, 1, 2].flatMap((n) => rig.call(n, 'slow', n)))
    const link = rig.link('a')
    const closed = once(link, 'close')
    link.postMessage(rig.call(0, 'fast', 'by the link'))
    await rig.until(() => rig.ran.length >= 1)
    if (how === 'cut') rig.owner.postMessage([Request.Unlink, 0, 'a'])
    else await rig.ports.close()
    await closed
    expect(rig.ran).not.toContain('by the link')
  },
)

describe('a cancelled call does not run', () => {
  const CANCEL = { name: 'AbortError', message: '' }

  it('when it is cancelled in the turn that it was made in', async () => {
    await using rig = openPorts()
    const calls = [0, 1, 2, 3].map((n) => rig.call(n, 'slow', n))
    rig.owner.postMessage([...calls.flat(), Request.Cancel, 2, CANCEL])
    await rig.until(() => rig.ran.includes(3))
    expect(rig.ran).toEqual([0, 1, 3])
  })

  it('when the cancellation of a call that had its number before, and was answered, comes before it', async () => {
    await using rig = openPorts()
    const calls = Array.from({ length: 20 }, (_, n) => n)
    rig.owner.postMessage(calls.flatMap((n) => rig.call(n, 'slow', n)))
    await rig.until(() => rig.replies.length >= 1) // 0 is answered
    rig.owner.postMessage([Request.Cancel, 0, CANCEL])
    rig.owner.postMessage(rig.call(0, 'slow', 'again'))
    rig.owner.postMessage([Request.Cancel, 0, CANCEL])
    await rig.until(() => rig.replies.length >= 21)
    expect(rig.ran).toEqual(calls)
  })

  it('when it has number 0, and a fence waits before it', async () => {
    await using rig = openPorts()
    rig.owner.postMessage([...rig.call(1, 'slow', 1), ...rig.call(2, 'slow', 2), Request.Fence, 0, 0])
    rig.owner.postMessage([...rig.call(0, 'slow', 0), Request.Cancel, 0, CANCEL])
    await rig.until(() => rig.replies.length >= 4)
    expect(rig.ran).toEqual([1, 2])
    expect(rig.replies.map(([operation]) => operation)).toEqual([Reply.Result, Reply.Result, Reply.Fence, Reply.Result])
  })
})

describe('a thread looks up', () => {
  /** Slow calls at a look, at most. */
  const mostAtALook = (looks: readonly number[]): number =>
    Math.max(...looks.map((look) => looks.filter((other) => other === look).length))

  it('after each slow call of messages that have come while it was at work, each behind a fast one', async () => {
    await using rig = openPorts()
    rig.owner.postMessage([...rig.call(0, 'slow'), ...rig.call(1, 'slow')])
    for (let n = 2; n < 20; n += 2) rig.owner.postMessage([...rig.call(n, 'fast'), ...rig.call(n + 1, 'slow')])
    await rig.until(() => rig.replies.length >= 20)
    expect(mostAtALook(rig.looks.filter((_, at) => rig.ran[at] === 'slow'))).toBeLessThanOrEqual(2)
  })

  it.each(['slow', 'slowAsync'] as const)(
    'between calls of a serialized service that have waited: %s',
    async (method) => {
      await using rig = openPorts({ isSerialized: true })
      rig.owner.postMessage(
        [rig.call(0, 'nap'), ...Array.from({ length: 12 }, (_, n) => rig.call(n + 1, method))].flat(),
      )
      await rig.until(() => rig.replies.length >= 13)
      expect(mostAtALook(rig.looks)).toBeLessThanOrEqual(2)
    },
  )

  it('between calls that have waited for the end of a pause', async () => {
    await using rig = openPorts()
    rig.ports.hold()
    rig.owner.postMessage([0, 1, 2, 3, 4, 5].flatMap((n) => rig.call(n, 'slow')))
    for (let n = 0; n < 5; n++) await look()
    rig.ports.release()
    await rig.until(() => rig.replies.length >= 6)
    expect(mostAtALook(rig.looks.slice(1))).toBe(1)
  })

  it('though the timers of its thread are a test’s', async () => {
    await using rig = openPorts()
    vi.useFakeTimers({ toFake: ['setImmediate', 'setTimeout'] })
    rig.owner.postMessage([0, 1, 2].flatMap((n) => rig.call(n, 'slow', n)))
    while (rig.replies.length < 3) await once(rig.owner, 'message')
    expect(rig.ran).toEqual([0, 1, 2])
  })
})

it('a call that ends as it begins leads to the next one, and none runs twice', async () => {
  await using rig = openPorts({ isSerialized: true })
  const names = ['nap', 'fast', 'noStream', 'fast', 'noStream', 'fast'] as const
  rig.owner.postMessage(names.flatMap((name, id) => rig.call(id, name, id)))
  await rig.until(() => rig.replies.length >= 6)
  expect(rig.ran).toEqual([1, 2, 3, 4, 5])
})
