import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { ValueExchange } from '../../packages/worker-host/src/values/exchange.ts'
import { Request } from '../../packages/worker-host/src/wire/messages.ts'
import { requestOutbox } from '../../packages/worker-host/src/wire/outbox.ts'

/** An outbox over a real channel, what came out at its other end, and what it refused. */
function openOutbox() {
  const { port1, port2 } = new MessageChannel()
  const refused: unknown[][] = []
  const outbox = requestOutbox({
    port: port1,
    lower: new ValueExchange('the other end', 'calls').lower,
    onRefused: (record) => refused.push(record),
  })
  return {
    outbox,
    refused,
    takeBatches: () => takeAll(port2),
    [Symbol.dispose]: () => port1.close(),
  }
}

function takeAll(port: MessagePort): unknown[][] {
  const batches: unknown[][] = []
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) batches.push(next.message)
  return batches
}

describe('an outbox', () => {
  it('posts the records of one turn as one batch, in their order, at the end of the turn', async () => {
    using channel = openOutbox()
    channel.outbox.putCall(0, 7, [1, 'a'], undefined)
    channel.outbox.put(Request.Return, 1)
    channel.outbox.put(Request.Credit, 2, 128, 0)
    channel.outbox.putCall(3, 8, [{ small: [true] }], undefined)
    channel.outbox.putCall(4, 8, ['hurried'], 400)
    expect(channel.takeBatches()).toEqual([])
    await Promise.resolve()
    expect(channel.takeBatches()).toEqual([
      [
        Request.Call,
        0,
        7,
        2,
        1,
        'a',
        Request.Return,
        1,
        Request.Credit,
        2,
        128,
        0,
        Request.Call,
        3,
        8,
        1,
        { small: [true] },
        Request.CallWith,
        4,
        8,
        1,
        'hurried',
        400,
      ],
    ])
  })

  it('posts at once, with what waits before it, a value that it can’t fix otherwise', () => {
    using channel = openOutbox()
    channel.outbox.putCall(0, 7, [1], undefined)
    channel.outbox.putCall(1, 7, [new Date(0)], undefined)
    expect(channel.takeBatches()).toEqual([[Request.Call, 0, 7, 1, 1, Request.Call, 1, 7, 1, new Date(0)]])
  })

  it('refuses only the record that can’t be cloned, and keeps the order of the others', async () => {
    using channel = openOutbox()
    const bad = () => {}
    channel.outbox.putCall(0, 7, [1], undefined)
    channel.outbox.putCall(1, 7, [bad], undefined)
    channel.outbox.putCall(2, 7, [2], undefined)
    await Promise.resolve()
    expect(channel.refused).toEqual([[Request.Call, 1, 7, 1, bad]])
    expect(channel.takeBatches().flat()).toEqual([Request.Call, 0, 7, 1, 1, Request.Call, 2, 7, 1, 2])
  })

  it('keeps records whole when a getter in one value puts another record in', async () => {
    using channel = openOutbox()
    const nosy = {
      get field() {
        channel.outbox.putCall(1, 8, ['from the getter'], undefined)
        return 'read'
      },
    }
    channel.outbox.putCall(0, 7, ['first', nosy], undefined)
    await Promise.resolve()
    const words = channel.takeBatches().flat()
    const inner = [Request.Call, 1, 8, 1, 'from the getter']
    expect(words).toEqual([...inner, Request.Call, 0, 7, 2, 'first', { field: 'read' }])
  })
})
