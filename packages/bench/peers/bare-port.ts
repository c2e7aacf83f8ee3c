/**
 * A worker, a channel and a map of pending calls: the plain thing that a good engineer writes by hand, one message
 * per call. Every other peer is compared with this.
 */
import { MessageChannel, Worker } from 'node:worker_threads'
import type { Adder } from '../peers.ts'

export type Request = { readonly id: number; readonly a: number; readonly b: number }
export type Reply = { readonly id: number; readonly sum: number }

export async function open(): Promise<Adder> {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(new URL('./bare-port.worker.ts', import.meta.url), {
    workerData: port2,
    transferList: [port2],
  })
  const pending = new Map<number, (sum: number) => void>()
  let lastId = 0

  port1.on('message', ({ id, sum }: Reply) => {
    const resolve = pending.get(id)!
    pending.delete(id)
    resolve(sum)
  })

  return {
    add: (a, b) =>
      new Promise((resolve) => {
        const id = ++lastId
        pending.set(id, resolve)
        port1.postMessage({ id, a, b } satisfies Request)
      }),
    async close() {
      port1.close()
      await worker.terminate()
    },
  }
}
