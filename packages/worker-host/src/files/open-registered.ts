/**
 * Opens a file that may be sent, and makes sure that it is the one that was checked.
 *
 * Between a check and the opening anybody who may write to a folder on the way can put a link there. So what counts is
 * asked of the open descriptor: what it is (`fstat`), and where it is, which Linux tells in `/proc/self/fd`. Where the
 * system doesn't, the place must, after the opening, be free of links and hold the very file that is open.
 */
import type { BigIntStats } from 'node:fs'
import { constants, type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises'
import { FileRefusedError } from '../errors/catalogue.ts'
import { type RegisteredPaths, realPlace, refusalOf, requireWellFormed } from './registered-paths.ts'

export interface OpenFile {
  readonly handle: FileHandle
  readonly stats: BigIntStats
}

/** No link at the end, and no wait for the writer of a FIFO that was put there meanwhile. Windows has neither. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** @throws {FileRefusedError} ERR_TROUPE_FILE_REFUSED */
export async function openRegistered(paths: RegisteredPaths, path: string): Promise<OpenFile> {
  requireWellFormed(path)
  if (!paths.hasName(path)) throw new FileRefusedError(path, 'unregistered')
  const place = await realPlace(path)
  if (!paths.hasPlace(place)) throw new FileRefusedError(path, 'unregistered')
  const handle = await openFile(path, place)
  try {
    const stats = await handle.stat({ bigint: true })
    if (!stats.isFile()) throw new FileRefusedError(path, 'notAFile')
    const told = await placeOf(handle)
    const isAdmitted = told === undefined ? await isAt(place, stats) : paths.hasPlace(told)
    if (!isAdmitted) throw new FileRefusedError(path, 'unregistered')
    return { handle, stats }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function openFile(path: string, place: string): Promise<FileHandle> {
  try {
    // To open a device can be to use it, so it isn't opened to find out.
    if (!(await lstat(place)).isFile()) throw new FileRefusedError(path, 'notAFile')
    return await open(place, FLAGS)
  } catch (error) {
    throw error instanceof FileRefusedError ? error : refusalOf(path, error)
  }
}

/** Where the open file is; undefined where the system doesn't tell. */
async function placeOf({ fd }: FileHandle): Promise<string | undefined> {
  try {
    return await readlink(`/proc/self/fd/${fd}`)
  } catch {
    return undefined // there is no such thing here, or it isn't mounted
  }
}

/** Whether the place is free of links, before and after it was seen to hold the file. */
export async function isAt(place: string, { dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): Promise<boolean> {
  try {
    if ((await realpath(place)) !== place) return false
    const found = await lstat(place, { bigint: true })
    return found.dev === dev && found.ino === ino && (await realpath(place)) === place
  } catch {
    return false // it is gone
  }
}
