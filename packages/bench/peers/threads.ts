/**
 * A spawned thread and not threads' own `Pool` of size 1, which took more than a millisecond per call.
 *
 * Each call in flight adds a listener to the worker and each reply is shown to all of them, so the rate falls as calls
 * pile up. That is the library's design; only the warning about it, printed once per listener, is switched off.
 */
import { createRequire } from 'node:module'
import type { Caller } from '../peers.ts'

// Its ES module entry has no types; the CommonJS one is the same code and has them.
type Threads = typeof import('threads', { with: { 'resolution-mode': 'require' }})

const { spawn, Thread, Transfer, Worker } = loadWithoutSignalHandlers()

export async function open(): Promise<Caller> {
  // Resolved against this file by reading the call stack, hence no URL. An `.mjs`, because a `.ts` makes it look for
  // ts-node first.
  const worker = new Worker('./threads.worker.mjs')
  if ('setMaxListeners' in worker) (worker as unknown as NodeJS.EventEmitter).setMaxListeners(0)
  const thread = await spawn<{
    add(a: number, b: number): number
    echo(value: unknown): unknown
    handOver(buffer: unknown): ArrayBuffer
  }>(worker)
  return {
    add: (a, b) => thread.add(a, b),
    echo: <T>(value: T) => thread.echo(value) as Promise<T>,
    handOver: (buffer) => thread.handOver(Transfer(buffer)),
    // The listeners of 10,000 calls make one wave of them take seven seconds.
    maxInFlight: 1_000,
    close: () => Thread.terminate(thread),
  }
}

/** On load, threads makes SIGINT and SIGTERM end the process with code 0: an interrupted run would pass for a good one. */
function loadWithoutSignalHandlers(): Threads {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const before = signals.flatMap((signal) => process.listeners(signal))
  const threads: Threads = createRequire(import.meta.url)('threads')
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) if (!before.includes(listener)) process.off(signal, listener)
  }
  return threads
}
