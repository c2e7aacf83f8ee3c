import { MessageChannel } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { serialize } from '../../packages/worker-host/src/ipc/portable-value.ts'
import { ProcessCarrier } from '../../packages/worker-host/src/ipc/process-carrier.ts'
import type { Channel } from '../../packages/worker-host/src/wire/channel.ts'

/** Two carriers, each of which has what the other sends at once. */
function pair() {
  const owner: ProcessCarrier = new ProcessCarrier({
    side: 'owner',
    send: (frame) => context.receive(frame),
    begun: undefined,
  })
  const late: Uint8Array[] = []
  let toOwner = (frame: Uint8Array): unknown => late.push(frame)
  const context = new ProcessCarrier({ side: 'context', send: (frame) => toOwner(frame), begun: undefined })
  toOwner = (frame) => owner.receive(frame)
  for (const frame of late) owner.receive(frame)
  return { owner, context }
}

const listen = (channel: Channel): unknown[] => {
  const heard: unknown[] = []
  channel.on('message', (message) => heard.push(message))
  return heard
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('channels on one connection', () => {
  it('are ready when the context is, and the first one is there from the beginning', async () => {
    const { owner, context } = pair()
    await owner.ready
    const heard = listen(context.control)
    owner.control.postMessage('hello')
    await turn()
    expect(heard).toEqual(['hello'])
  })

  it.each(['owner', 'context'] as const)('opened by the %s carry messages both ways, each its own', async (side) => {
    const { owner, context } = pair()
    const [opener, other] = side === 'owner' ? [owner, context] : [context, owner]
    const opened = [opener.open(), opener.open()]
    const ends = opened.map(({ far }) => other.accept(far))
    const heard = [...opened.map(({ near }) => near), ...ends].map(listen)
    await turn()
    opened[0]!.near.postMessage('a')
    opened[1]!.near.postMessage('b')
    ends[0]!.postMessage('c')
    ends[1]!.postMessage('d')
    expect(heard).toEqual([['c'], ['d'], ['a'], ['b']])
  })

  it('keep what comes before somebody listens, in its order', async () => {
    const { owner, context } = pair()
    const { near, far } = owner.open()
    near.postMessage(1)
    near.postMessage(2)
    const heard = listen(context.accept(far))
    near.postMessage(3)
    await turn()
    near.postMessage(4)
    expect(heard).toEqual([1, 2, 3, 4])
  })

  it('that are closed at one end are closed at the other, and what is posted there is dropped', async () => {
    const { owner, context } = pair()
    const { near, far } = owner.open()
    const end = context.accept(far)
    const heard = [listen(near), listen(end)]
    await turn()
    near.postMessage('last')
    near.close()
    near.postMessage('too late')
    end.postMessage('to nobody')
    expect(heard).toEqual([[], ['last']])
  })

  it('go on after what can’t be read, and after a message that can’t be sent', async () => {
    const { owner, context } = pair()
    const { near, far } = owner.open()
    const heard = listen(context.accept(far))
    await turn()
    for (const rubbish of [undefined, 'text', {}, [], new Uint8Array(3), Buffer.from('rubbish'), serialize([9, 9])]) {
      context.receive(rubbish)
    }
    context.receive(serialize([1, 77, 'for nobody']))
    expect(() => near.postMessage({ port: new MessageChannel().port1 })).toThrow()
    near.postMessage('still here')
    expect(heard).toEqual(['still here'])
  })
})
