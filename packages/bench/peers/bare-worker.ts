/** The same over the worker's own port, which spares the channel. */
import { Worker } from 'node:worker_threads'
import type { Caller } from '../peers.ts'
import { bareCaller } from './bare-caller.ts'

export async function open(): Promise<Caller> {
  const worker = new Worker(new URL('./bare-port.worker.mjs', import.meta.url))
  return {
    ...bareCaller(worker),
    async close() {
      await worker.terminate()
    },
  }
}
