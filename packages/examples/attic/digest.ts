/**
 * The sha-256 of one file, read in chunks, or why it has none.
 *
 * A digest is given only for a file that was the same from its listing to its last byte: the file opened is the one that
 * was listed, as many bytes came as its size says, and size and time of change are the same before and after. Anything
 * else is refused, so that no mixture of an old and a new content is ever taken for a file.
 */
import { createHash } from 'node:crypto'
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { toBytes } from './names.ts'
import { type Unreadable, unreadable } from './unreadable.ts'
import type { FoundFile } from './walk.ts'

export type Digest = { readonly sha256: string } | { readonly unreadable: Unreadable }

export interface Reading {
  /** Where the bytes are read to. Between a read and its hashing nothing else runs, so one thread's files can share it. */
  readonly chunk: Uint8Array
  readonly onRead: (bytes: number) => void
  /** Gives up between two chunks. */
  readonly signal: AbortSignal
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants
// The path may meanwhile lead to a link, a fifo that nobody writes to, or a terminal.
const OPEN_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY

const CHANGED = { code: 'CHANGED', reason: 'changed while being read' }
const REPLACED = { code: 'CHANGED', reason: 'replaced by something else after it was listed' }
/** Files that the kernel makes up as they are read, such as those in /proc. */
const ODD_SIZE = { code: 'SIZE', reason: 'has more or fewer bytes than its size says' }

export async function digest(file: FoundFile, reading: Reading): Promise<Digest> {
  let fd: number | undefined
  try {
    fd = openSync(toBytes(file.path), OPEN_FLAGS)
    if (!isSameInode(file, fstatSync(fd, { bigint: true }))) return refuse(file, REPLACED)
    const sha256 = await readAll(file, fd, reading)
    if (!isUnchanged(file, fstatSync(fd, { bigint: true }))) return refuse(file, CHANGED)
    return sha256 === undefined ? refuse(file, ODD_SIZE) : { sha256 }
  } catch (error) {
    const isLink = (error as NodeJS.ErrnoException).code === 'ELOOP'
    return isLink ? refuse(file, REPLACED) : { unreadable: unreadable(file.path, error) }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** Undefined when the bytes are fewer than the file's size, or more: a file that grows is not followed. */
async function readAll(file: FoundFile, fd: number, { chunk, onRead, signal }: Reading): Promise<string | undefined> {
  const hash = createHash('sha256')
  let total = 0
  for (;;) {
    const bytes = readSync(fd, chunk)
    total += bytes
    if (total > file.bytes) return undefined
    if (bytes === 0) return total === file.bytes ? hash.digest('hex') : undefined
    hash.update(bytes === chunk.length ? chunk : chunk.subarray(0, bytes))
    onRead(bytes)
    if (total >= chunk.length) await nextTurn(undefined, { signal }) // a large file lets others into the thread
  }
}

const refuse = ({ path }: FoundFile, why: Omit<Unreadable, 'path'>): Digest => ({ unreadable: { path, ...why } })

const isSameInode = (file: FoundFile, now: BigIntStats): boolean =>
  now.isFile() && now.dev === file.dev && now.ino === file.ino

const isUnchanged = (file: FoundFile, now: BigIntStats): boolean =>
  now.size === BigInt(file.bytes) && now.mtimeNs === file.mtimeNs
