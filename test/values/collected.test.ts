/** A reference that nobody holds any more is let go by itself. */
import { MessageChannel } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { proxy } from '../../packages/worker-host/src/values/comlink.ts'
import { ValueExchange } from '../../packages/worker-host/src/values/exchange.ts'
import { Exchange, Reply } from '../../packages/worker-host/src/wire/messages.ts'
import { replyOutbox } from '../../packages/worker-host/src/wire/outbox.ts'
import { collectGarbage } from '../fixtures/garbage.ts'

/** Two ends of one channel. */
function pair() {
  const { port1, port2 } = new MessageChannel()
  const released = Promise.withResolvers<void>()
  const ends = [port1, port2].map((port, index) => {
    const values = new ValueExchange(`end ${2 - index}`, 'replies')
    const outbox = replyOutbox({
      port,
      lower: values.lower,
      onRefused: (record, reason) => void values.refuse(record, reason),
    })
    values.connect(outbox)
    const received: unknown[] = []
    port.on('message', (batch: unknown[]) => {
      for (let at = 0; at < batch.length; at += 3) {
        if (!values.receive(batch[at], batch[at + 1], batch[at + 2])) received.push(values.raise(batch[at + 2]))
        if (batch[at] === Exchange.Release) released.resolve()
      }
    })
    return { values, outbox, received }
  })
  return { ends, released: released.promise, [Symbol.dispose]: () => port1.close() }
}

it('a stub that is collected releases what it stood for; one of its functions that is still held keeps it', async () => {
  using channel = pair()
  const [here, there] = channel.ends as [(typeof channel.ends)[number], (typeof channel.ends)[number]]
  here.outbox.putValue(Reply.Result, 0, proxy({ held: () => 'yes', other: () => 'no' }))
  while (there.received.length === 0) await new Promise((resolve) => setImmediate(resolve))
  let held: (() => Promise<string>) | undefined = (there.received.pop() as { held: () => Promise<string> }).held
  await collectGarbage()
  expect(await held()).toBe('yes')
  expect(here.values.counts).toEqual({ references: 1, pending: 0 })

  held = undefined
  await collectGarbage()
  await channel.released
  expect(here.values.counts.references).toBe(0)
})
