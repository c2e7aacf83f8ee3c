/** A worker and a channel of its own to it. Every other peer is compared with this. */
import { MessageChannel, Worker } from 'node:worker_threads'
import type { Caller } from '../peers.ts'
import { bareCaller } from './bare-caller.ts'

export async function open(): Promise<Caller> {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(new URL('./bare-port.worker.mjs', import.meta.url), {
    workerData: port2,
    transferList: [port2],
  })
  return {
    ...bareCaller(port1),
    async close() {
      port1.close()
      await worker.terminate()
    },
  }
}
