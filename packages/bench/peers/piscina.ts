/**
 * By default piscina gives a worker one task at a time; 1,000 of them let a whole wave through, which made it about ten
 * times faster (16 and 64 at once were slower). Timings off, as its documentation advises when nobody reads them.
 * `atomics` stays `sync`, the default: in flight the three settings cannot be told apart, and one after another a
 * worker that blocks in `Atomics.wait` was the fastest by a quarter.
 */
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type { Caller } from '../peers.ts'

type TransferList = NonNullable<NonNullable<Parameters<Piscina['run']>[1]>['transferList']>

export async function open(): Promise<Caller> {
  const pool = new Piscina({
    filename: fileURLToPath(new URL('./piscina.worker.mjs', import.meta.url)),
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 1_000,
    recordTiming: false,
  })
  // A worker's death is told twice: to its calls, which reject, and here, where without a listener it ends the process.
  pool.on('error', () => {})
  return {
    add: (a, b) => pool.run({ a, b }),
    echo: (value) => pool.run(value, { name: 'echo' }),
    // Its type is the browser's, in which a buffer is no option.
    handOver: (buffer) => pool.run(buffer, { name: 'handOver', transferList: [buffer] as unknown as TransferList }),
    close: () => pool.close(),
  }
}
