/** What going by an owner is at the least: a worker calls another one by ports, and this thread hands each message on. */
import { once } from 'node:events'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { Closable, Turn } from '../question.ts'

type Relay = Closable & { measure(depth: number, turn: Turn): Promise<number> }

export async function open(): Promise<Relay> {
  const asking = new MessageChannel()
  const answering = new MessageChannel()
  const worker = (file: string, port: MessagePort) =>
    new Worker(new URL(file, import.meta.url), { workerData: port, transferList: [port] })
  const asker = worker('./bare-relay.worker.ts', asking.port2)
  const answerer = worker('./bare-port.worker.mjs', answering.port2)
  asking.port1.on('message', (request) => answering.port1.postMessage(request))
  answering.port1.on('message', (reply) => asking.port1.postMessage(reply))
  return {
    async measure(depth, turn) {
      asker.postMessage({ depth, turn })
      const [measured] = await once(asker, 'message')
      return measured
    },
    async close() {
      asking.port1.close()
      answering.port1.close()
      await Promise.all([asker.terminate(), answerer.terminate()])
    },
  }
}
