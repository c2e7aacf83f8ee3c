/**
 * By default tinypool gives a worker one task at a time; 64 made it about nine times faster, 16 and 1,000 a little
 * less. `useAtomics` made no difference and stays at its default, on.
 */
import { Tinypool } from 'tinypool'
import type { Caller } from '../peers.ts'

export async function open(): Promise<Caller> {
  const pool = new Tinypool({
    filename: new URL('./tinypool.worker.mjs', import.meta.url),
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 64,
  })
  // A worker's death is told twice: to its calls, which reject, and here, where without a listener it ends the process.
  pool.on('error', () => {})
  return {
    add: (a, b) => pool.run({ a, b }),
    echo: (value) => pool.run(value, { name: 'echo' }),
    close: () => pool.destroy(),
  }
}
