/**
 * Without its tasks queue, which is the default, poolifier sends every task at once; with the queue it was slower at
 * any concurrency. Events off and round robin spare it some bookkeeping per task: a few per cent.
 */
import { fileURLToPath } from 'node:url'
import { FixedThreadPool, WorkerChoiceStrategies } from 'poolifier'
import type { Adder } from '../peers.ts'

export async function open(): Promise<Adder> {
  const { promise: exited, resolve: exitHandler } = Promise.withResolvers<void>()
  const pool = new FixedThreadPool<{ a: number; b: number }, number>(
    1,
    fileURLToPath(new URL('./poolifier.worker.ts', import.meta.url)),
    { enableEvents: false, workerChoiceStrategy: WorkerChoiceStrategies.ROUND_ROBIN, exitHandler: () => exitHandler() },
  )
  return {
    add: (a, b) => pool.execute({ a, b }),
    // A race in poolifier 5.3.2: `destroy` asks the worker to close its port, the worker then exits by itself, and when
    // that happens before `destroy` listens for the exit, it waits for ever (3 times in 40 on one core).
    close: () => Promise.race([pool.destroy(), exited]),
  }
}
