/**
 * workerpool sends its worker the next task when the one before is done, and no setting changes that. `exec` and
 * `proxy()` are equally fast. Its queue is unbounded unless told otherwise.
 */
import { fileURLToPath } from 'node:url'
import workerpool from 'workerpool'
import type { Caller } from '../peers.ts'

export async function open(): Promise<Caller> {
  const pool = workerpool.pool(fileURLToPath(new URL('./workerpool.worker.mjs', import.meta.url)), {
    workerType: 'thread',
    minWorkers: 1,
    maxWorkers: 1,
  })
  return {
    // Its own promise class, and not wrapped into one of ours: that would charge workerpool for our taste.
    add: (a, b) => pool.exec('add', [a, b]) as unknown as Promise<number>,
    echo: <T>(value: T) => pool.exec('echo', [value]) as unknown as Promise<T>,
    handOver: (buffer) => pool.exec('handOver', [buffer], { transfer: [buffer] }) as unknown as Promise<ArrayBuffer>,
    close: async () => {
      await pool.terminate()
    },
  }
}
