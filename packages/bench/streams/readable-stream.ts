/** What the platform has: a `ReadableStream`, transferred, whose back-pressure goes through the port behind it. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Streamer } from './streamer.ts'

export async function open(): Promise<Streamer> {
  const worker = new Worker(new URL('./readable-stream.worker.ts', import.meta.url))
  async function* stream<T>(kind: 'numbers' | 'chunks'): AsyncGenerator<T> {
    const arrived = once(worker, 'message')
    worker.postMessage(kind)
    const [readable] = (await arrived) as [ReadableStream<T>]
    yield* readable
  }
  return {
    numbers: () => stream('numbers'),
    chunks: () => stream('chunks'),
    async close() {
      await worker.terminate()
    },
  }
}
