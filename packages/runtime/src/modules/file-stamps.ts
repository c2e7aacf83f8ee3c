/**
 * Whether files are still what they were when they were read, by what the file system says of them: cheaper than
 * reading them again. Whatever writes to a file, or puts another in its place, changes its ctime,
 * which no program can set.
 */
import { stat } from 'node:fs/promises'

/**
 * The coarsest clock of a file system ticks every 2 s: two writes within a tick can't be told apart.
 * @source FAT's time of the last write
 */
export const TICK_MS = 2_000

/** By path. */
export type Stamps = ReadonlyMap<string, string>

/**
 * To be taken before the files are read: then a change in between shows as one.
 * @returns undefined when one of them is not there, or has changed so lately that a further change might not show
 */
export async function stampsOf(paths: readonly string[], nowMs = Date.now()): Promise<Stamps | undefined> {
  const newest = BigInt(nowMs - TICK_MS) * 1_000_000n
  const stats = await Promise.all(paths.map((path) => stat(path, { bigint: true }).catch(() => undefined)))
  if (stats.some((found) => found === undefined || found.ctimeNs > newest)) return undefined
  return new Map(paths.map((path, index) => [path, stampOf(stats[index]!)]))
}

/** Whether none of the files has changed since. */
export async function areUnchanged(stamps: Stamps): Promise<boolean> {
  const checks = [...stamps].map(async ([path, stamp]) => stampOf(await stat(path, { bigint: true })) === stamp)
  return (await Promise.all(checks).catch(() => [false])).every(Boolean)
}

const stampOf = (found: { ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint }): string =>
  `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
