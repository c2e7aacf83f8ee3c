/**
 * What earlier runs read, in an SQLite file: the sha-256 of each path, with the inode, size and time of change it had.
 * A file that has all three still is not read again.
 *
 * Calls come in batches, one transaction each. All may be repeated: a thread that dies in a transaction leaves none of it.
 * A file that is no catalogue is refused, and never touched.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { AllowAny, expose, Service } from '@troupe/worker-host'
import { toBytes } from './names.ts'
import type { FoundFile } from './walk.ts'

export interface CatalogueOptions {
  /** `:memory:` for one that lasts as long as its service. */
  readonly file: string
}

export interface CatalogueRow {
  readonly file: FoundFile
  readonly sha256: string
}

/** The file is no catalogue, is damaged, or can't be written. */
class CatalogueError extends Error {
  readonly code = 'ERR_ATTIC_CATALOGUE'
}

const APPLICATION_ID = 0x61747463 // "attc", where `file` and others look for a file's kind
const VERSION = 1
/** How long a run waits while another one writes: less than a hook may take. */
const BUSY_MS = 5_000

// The device is not part of it: its number may be another after each mount.
const SCHEMA = `
  CREATE TABLE files (
    path BLOB PRIMARY KEY,
    ino INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};`
const FIND = 'SELECT sha256 FROM files WHERE path = ? AND ino = ? AND bytes = ? AND mtime_ns = ?'
const KEEP = 'INSERT OR REPLACE INTO files (path, ino, bytes, mtime_ns, sha256) VALUES (?, ?, ?, ?, ?)'

export class Catalogue extends Service<CatalogueOptions> {
  #database!: DatabaseSync
  #find!: StatementSync
  #keep!: StatementSync

  protected override prepare(): void {
    this.#guard(() => {
      this.#database = new DatabaseSync(this.options.file, { timeout: BUSY_MS })
      this.#transaction(() => this.#identify())
      // Commits append to a log: no wait for the disk at each, and readers are not held up by a writer.
      this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
      this.#find = this.#database.prepare(FIND)
      this.#keep = this.#database.prepare(KEEP)
    })
  }

  protected override stop(): void {
    this.#database.close()
  }

  /** For each file its sha-256, or null when it is new or has changed. */
  @expose(AllowAny)
  recall(files: readonly FoundFile[]): (string | null)[] {
    return this.#guard(() =>
      files.map((file) => (this.#find.get(...keyOf(file))?.sha256 as string | undefined) ?? null),
    )
  }

  /** Keeps all rows, or none if it rejects. */
  @expose(AllowAny)
  keep(rows: readonly CatalogueRow[]): void {
    this.#guard(() =>
      this.#transaction(() => {
        for (const { file, sha256 } of rows) this.#keep.run(...keyOf(file), sha256)
      }),
    )
  }

  /** Makes a catalogue of a new file; refuses any other that is not one. */
  #identify(): void {
    const { application_id: id } = this.#database.prepare('PRAGMA application_id').get()!
    const { user_version: version } = this.#database.prepare('PRAGMA user_version').get()!
    const { tables } = this.#database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()!
    if (id === 0 && version === 0 && tables === 0) this.#database.exec(SCHEMA)
    else if (id !== APPLICATION_ID) throw new CatalogueError('it is a database of another program')
    else if (version !== VERSION) throw new CatalogueError(`it has format ${version}, this attic reads ${VERSION}`)
  }

  #transaction(act: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      act()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #guard<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      throw new CatalogueError(`catalogue "${this.options.file}" can't be used: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }
}

type Key = readonly [path: Uint8Array, ino: bigint, bytes: number, mtimeNs: bigint]

// SQLite's integers are signed; some file systems' inode numbers use all 64 bits.
const keyOf = ({ path, ino, bytes, mtimeNs }: FoundFile): Key => [
  toBytes(path),
  BigInt.asIntN(64, ino),
  bytes,
  BigInt.asIntN(64, mtimeNs),
]
