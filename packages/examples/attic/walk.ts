/**
 * What stands in folders and below them, one listing after another. Names are bytes; nothing is opened but folders.
 *
 * A walk remembers nothing of what it has listed. Each listing says which folders it found, so whoever collects them
 * knows at any time what is still to be walked, and can go on from there in another walk.
 */
import { type Dir, lstatSync, opendirSync } from 'node:fs'
import { type BytePath, join, toBytes } from './names.ts'
import { type Unreadable, unreadable } from './unreadable.ts'

/** A regular file, as it was when its folder was listed. */
export interface FoundFile {
  readonly path: BytePath
  readonly dev: bigint
  readonly ino: bigint
  readonly bytes: number
  readonly mtimeNs: bigint
}

/** A folder, or up to `PART_ENTRIES` entries of it. */
export interface Listing {
  readonly folder: BytePath
  readonly files: FoundFile[]
  readonly folders: BytePath[]
  readonly unreadable: Unreadable[]
  symlinks: number
  /** Fifos, sockets and devices, which are never opened. */
  specials: number
  /** True for the last part: the folder has been listed in full. */
  isLast: boolean
}

/** `dev:ino`: which folder this is, whatever path led to it. */
export type FolderId = `${bigint}:${bigint}`

const PART_ENTRIES = 256

/**
 * Walks these folders, which may be symbolic links, and all below them, where links are not followed.
 *
 * @param elsewhere folders not to enter when they are met below, because they are walked for themselves
 */
export function* walkFolders(folders: readonly BytePath[], elsewhere: ReadonlySet<FolderId>): Generator<Listing> {
  const pending = [...folders]
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const part of list(folder, elsewhere)) {
      for (const below of part.folders) pending.push(below)
      yield part
    }
  }
}

// Synchronous calls: several times cheaper than promised ones, and nobody else lives in the walker's thread.
function* list(folder: BytePath, elsewhere: ReadonlySet<FolderId>): Generator<Listing> {
  let part = emptyListing(folder)
  let dir: Dir | undefined
  try {
    dir = opendirSync(toBytes(folder), { encoding: 'buffer' as BufferEncoding }) // the types know text only
    for (let entry = dir.readSync(), entries = 1; entry !== null; entry = dir.readSync(), entries++) {
      enter(join(folder, entry.name as unknown as Buffer), part, elsewhere)
      if (entries % PART_ENTRIES === 0) {
        yield part
        part = emptyListing(folder)
      }
    }
  } catch (error) {
    part.unreadable.push(unreadable(folder, error))
  } finally {
    dir?.closeSync()
  }
  part.isLast = true
  yield part
}

function enter(path: BytePath, listing: Listing, elsewhere: ReadonlySet<FolderId>): void {
  try {
    const entry = lstatSync(toBytes(path), { bigint: true })
    const { dev, ino, size, mtimeNs } = entry
    if (entry.isFile()) listing.files.push({ path, dev, ino, bytes: Number(size), mtimeNs })
    else if (entry.isSymbolicLink()) listing.symlinks++
    else if (!entry.isDirectory()) listing.specials++
    else if (!elsewhere.has(`${dev}:${ino}`)) listing.folders.push(path)
  } catch (error) {
    listing.unreadable.push(unreadable(path, error))
  }
}

const emptyListing = (folder: BytePath): Listing => ({
  folder,
  files: [],
  folders: [],
  unreadable: [],
  symlinks: 0,
  specials: 0,
  isLast: false,
})
