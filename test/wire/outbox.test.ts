import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { ValueExchange } from '../../packages/worker-host/src/values/exchange.ts'
import { Request } from '../../packages/worker-host/src/wire/messages.ts'
import { requestOutbox } from '../../packages/worker-host/src/wire/outbox.ts'

/** An outbox over a real channel, what came out at its other end, and what it refused. */
function openOutbox(lagMs?: () => number) {
  const { port1, port2 } = new MessageChannel()
  const refused: unknown[][] = []
  const outbox = requestOutbox({
    port: port1,
    lower: new ValueExchange('the other end', 'calls').lower,
    ...(lagMs && { lagMs }),
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
  it.each([
    [0, 400, 5, 90],
    [0.9, 400, 5, 90],
    [1, 399, 4, 89],
    [7.2, 392, 0, 82],
    [1_000, 0, 0, 0],
  ])('takes from the budgets of calls what has gone by of the turn: %d ms', async (lagMs, ...left) => {
    let asked = 0
    using channel = openOutbox(() => {
      asked++
      return lagMs
    })
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
    channel.outbox.putCall(0, 8, ['hurried'], 400)
    channel.outbox.put(Request.Credit, 2, 128, 0)
    channel.outbox.putCall(1, 8, [4, 5], 5)
    channel.outbox.putCall(2, 8, [], { budgetMs: 90, trace })
    channel.outbox.putCall(3, 8, [], { trace })
    channel.outbox.putCall(4, 8, [6], undefined)
    await null
    const [batch] = channel.takeBatches() as [unknown[]]
    const [first, second, third] = left
    expect(batch).toEqual([
      ...[Request.CallWith, 0, 8, 1, 'hurried', first],
      ...[Request.Credit, 2, 128, 0],
      ...[Request.CallWith, 1, 8, 2, 4, 5, second],
      ...[Request.CallWith, 2, 8, 0, { budgetMs: third, trace }],
      ...[Request.CallWith, 3, 8, 0, { trace }],
      ...[Request.Call, 4, 8, 1, 6],
    ])
    channel.outbox.putCall(5, 8, [], undefined)
    await null
    expect(asked).toBe(1) // of calls without any budget there is nothing to take from
  })

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
