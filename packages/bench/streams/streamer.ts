/** Who streams: a worker thread that yields numbers, or chunks of bytes, without an end. */
import type { Contestant } from '../question.ts'

export type Streamer = {
  numbers(): AsyncIterable<number>
  chunks(): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

export const CHUNK_BYTES = 64 * 1_024

/** A chunk that says when it was made. */
export function madeNow(chunk: Uint8Array): Uint8Array {
  new DataView(chunk.buffer).setFloat64(0, nowMs())
  return chunk
}

export function madeAtMs(chunk: Uint8Array): number {
  return new DataView(chunk.buffer, chunk.byteOffset).getFloat64(0)
}

/** The same clock in all threads. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

/** Items that a producer may be ahead of its reader: Troupe's own window, so that the hand-written one has the same. */
export const WINDOW = 256

/** The plain thing with back-pressure: an item a message, and a word back for each half window taken. */
export const CREDIT_PORT = 'bare port, by credit'

export const STREAMERS: readonly Contestant<Streamer>[] = [
  { name: CREDIT_PORT, from: null, open: async () => (await import('./credit-port.ts')).open() },
  { name: 'ReadableStream', from: null, open: async () => (await import('./readable-stream.ts')).open() },
  { name: 'Troupe', from: '@troupe/runtime', open: async () => (await import('./troupe.ts')).open() },
]
