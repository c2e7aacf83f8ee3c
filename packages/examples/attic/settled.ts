/**
 * Whether a file's time of change will tell a later change.
 *
 * File systems stamp changes with a clock that ticks: every 4 or 10 ms on Linux, every second or two on older file
 * systems. A file that changes twice within one tick, once before it is read and once after, keeps its size and its time,
 * and a catalogue that trusts both would be wrong about it for ever. So what was read too soon after a change is used in
 * this run and not kept for the next.
 */

const TICK_MS = 20
const COARSE_TICK_MS = 2_000

/** @param sentAtMs a moment before the file was read */
export function isSettled(mtimeNs: bigint, sentAtMs: number): boolean {
  const isWholeSecond = mtimeNs % 1_000_000_000n === 0n
  const ageMs = Math.abs(sentAtMs - Number(mtimeNs / 1_000_000n)) // a time far in the future tells a change as well
  return ageMs > (isWholeSecond ? COARSE_TICK_MS : TICK_MS)
}
