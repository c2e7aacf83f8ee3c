/** A port for each stream, an item a message; the reader asks for half a window more whenever it has taken that much. */
import { once } from 'node:events'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { type Streamer, WINDOW } from './streamer.ts'

export async function open(): Promise<Streamer> {
  const worker = new Worker(new URL('./credit-port.worker.ts', import.meta.url))
  async function* stream<T>(kind: 'numbers' | 'chunks'): AsyncGenerator<T> {
    const { port1, port2 } = new MessageChannel()
    worker.postMessage({ kind, port: port2 }, [port2])
    try {
      yield* items<T>(port1)
    } finally {
      port1.close()
    }
  }
  return {
    numbers: () => stream('numbers'),
    chunks: () => stream('chunks'),
    async close() {
      await worker.terminate()
    },
  }
}

async function* items<T>(port: MessagePort): AsyncGenerator<T> {
  let arrived: T[] = []
  port.on('message', (item: T) => arrived.push(item))
  port.postMessage(WINDOW)
  let taken = 0
  while (true) {
    if (arrived.length === 0) await once(port, 'message')
    const batch = arrived
    arrived = []
    for (const item of batch) {
      yield item
      if (++taken % (WINDOW / 2) === 0) port.postMessage(WINDOW / 2)
    }
  }
}
