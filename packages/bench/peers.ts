/**
 * Who is compared. A peer opens one worker thread that can add two numbers and give back what it was given, by the
 * means that its own documentation advises for many tiny calls. Their workers are plain JavaScript: stripping types in
 * each thread would cost more time and memory than some of the libraries.
 */
import type { Contestant } from './question.ts'

/** One worker thread, ready for calls. */
export type Caller = {
  add(a: number, b: number): Promise<number>
  echo<T>(value: T): Promise<T>
  /** Hands the buffer over, and gets it back the same way. Absent where the library has no way to. */
  handOver?(buffer: ArrayBuffer): Promise<ArrayBuffer>
  /** Where more at once would take seconds. */
  readonly maxInFlight?: number
  close(): Promise<void>
}

/** What everybody is measured against: one message per call, written by hand. */
export const BARE_PORT = 'bare MessagePort'

export const PEERS: readonly Contestant<Caller>[] = [
  { name: BARE_PORT, from: null, open: async () => (await import('./peers/bare-port.ts')).open() },
  { name: 'bare Worker', from: null, open: async () => (await import('./peers/bare-worker.ts')).open() },
  { name: 'comlink', from: 'comlink', open: async () => (await import('./peers/comlink.ts')).open() },
  { name: 'piscina', from: 'piscina', open: async () => (await import('./peers/piscina.ts')).open() },
  { name: 'tinypool', from: 'tinypool', open: async () => (await import('./peers/tinypool.ts')).open() },
  { name: 'workerpool', from: 'workerpool', open: async () => (await import('./peers/workerpool.ts')).open() },
  { name: 'poolifier', from: 'poolifier', open: async () => (await import('./peers/poolifier.ts')).open() },
  { name: 'threads', from: 'threads', open: async () => (await import('./peers/threads.ts')).open() },
  { name: "Cap'n Web", from: 'capnweb', open: async () => (await import('./peers/capnweb.ts')).open() },
  { name: 'Effect', from: 'effect', open: async () => (await import('./peers/effect.ts')).open() },
  { name: 'Troupe', from: '@troupe/runtime', open: async () => (await import('./peers/troupe.ts')).open() },
]
