/**
 * workerpool sends its worker the next task when the one before is done, and no setting changes that. `exec` and
 * `proxy()` are equally fast. Its queue is unbounded unless told otherwise.
 */
import { fileURLToPath } from 'node:url'
import workerpool from 'workerpool'
import type { Adder } from '../peers.ts'

export async function open(): Promise<Adder> {
  const pool = workerpool.pool(fileURLToPath(new URL('./workerpool.worker.ts', import.meta.url)), {
    workerType: 'thread',
    minWorkers: 1,
    maxWorkers: 1,
  })
  return {
    // Its own promise class, and not wrapped into one of ours: that would charge workerpool for our taste.
    add: (a, b) => pool.exec('add', [a, b]) as unknown as Promise<number>,
    close: async () => {
      await pool.terminate()
    },
  }
}
