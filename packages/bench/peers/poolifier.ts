/**
 * Without its tasks queue, which is the default, poolifier sends every task at once; with the queue it was slower at
 * any concurrency. Events off and round robin spare it some bookkeeping per task: a few per cent.
 */
import { fileURLToPath } from 'node:url'
import { FixedThreadPool, WorkerChoiceStrategies } from 'poolifier'
import type { Caller } from '../peers.ts'

export async function open(): Promise<Caller> {
  const { promise: exited, resolve: exitHandler } = Promise.withResolvers<void>()
  const pool = new FixedThreadPool<unknown, unknown>(
    1,
    fileURLToPath(new URL('./poolifier.worker.mjs', import.meta.url)),
    { enableEvents: false, workerChoiceStrategy: WorkerChoiceStrategies.ROUND_ROBIN, exitHandler: () => exitHandler() },
  )
  return {
    add: (a, b) => pool.execute({ a, b }, 'add') as Promise<number>,
    echo: <T>(value: T) => pool.execute(value, 'echo') as Promise<T>,
    // A race in poolifier 5.3.2: `destroy` asks the worker to close its port, the worker then exits by itself, and when
    // that happens before `destroy` listens for the exit, it waits for ever (3 times in 40 on one core).
    close: () => Promise.race([pool.destroy(), exited]),
  }
}
