/**
 * Sends files to whoever asks, but only those that a parent has registered:
 *
 *     const files = await pool.spawn<FileService>({ name: 'files', ...fileService, options: { prefixes: ['/srv/models'] } })
 *     await fetchFile(files.proxy, '/srv/models/small.bin', '/var/cache/small.bin')
 *
 * A file is a stream: its head, its content in chunks, its end with a checksum. The service reads only as far ahead as
 * the stream's window lets it, so many transfers at once need little memory, whatever the sizes of the files.
 */
import { createHash } from 'node:crypto'
import { AllowAny, AllowParents } from '../access/built-in-policies.ts'
import { expose } from '../access/expose.ts'
import { BadOptionsError, FileChangedError } from '../errors/catalogue.ts'
import { requireOptions, shown } from '../errors/require-options.ts'
import { Service } from '../service/service.ts'
import { type OpenFile, openRegistered } from './open-registered.ts'
import { RegisteredPaths } from './registered-paths.ts'

export interface FileServiceOptions {
  /** Files that are registered from the start, also after a restart; absolute paths. */
  readonly paths?: readonly string[]
  /** The same for folders, with all that is in them. */
  readonly prefixes?: readonly string[]
}

/** What comes first. */
export interface FileHead {
  /** @unit bytes */
  readonly size: number
  /** Permission bits. */
  readonly mode: number
  /** @unit milliseconds since 1970, with a fraction */
  readonly mtimeMs: number
}

/** What comes last. */
export interface FileEnd {
  /** Of all that was sent, in hexadecimal. */
  readonly sha256: string
}

export type FilePart = FileHead | Uint8Array | FileEnd

/** What is read and sent at once; the stream's window says how many of them are on their way. @unit bytes */
const CHUNK_BYTES = 128 * 1024

export class FileService extends Service<FileServiceOptions | undefined> {
  readonly #paths = new RegisteredPaths()

  protected override async prepare(): Promise<void> {
    const { paths, prefixes } = listsOf(this.options)
    for (const path of paths) await this.#paths.register(path)
    for (const prefix of prefixes) await this.#paths.registerPrefix(prefix)
  }

  /**
   * From now on the file may be fetched. Registering it again changes nothing.
   * @throws {FileRefusedError} ERR_TROUPE_FILE_REFUSED unless it is the absolute path of a regular file
   */
  @expose(AllowParents, { idempotent: true })
  register(path: string): Promise<void> {
    return this.#paths.register(path)
  }

  /**
   * From now on all files in the folder, however deep, may be fetched, those that will come included.
   * @throws {FileRefusedError} ERR_TROUPE_FILE_REFUSED unless it is the absolute path of a folder
   */
  @expose(AllowParents, { idempotent: true })
  registerPrefix(path: string): Promise<void> {
    return this.#paths.registerPrefix(path)
  }

  /**
   * The file as it is now: a `FileHead`, its content as `Uint8Array`s, a `FileEnd`. `fetchFile` reads that.
   * @throws {FileRefusedError} ERR_TROUPE_FILE_REFUSED
   * @throws {FileChangedError} ERR_TROUPE_FILE_CHANGED when it is written to in the meantime
   */
  @expose(AllowAny)
  async *fetch(path: string): AsyncGenerator<FilePart, void, void> {
    const file = await openRegistered(this.#paths, path)
    try {
      yield* partsOf(path, file)
    } finally {
      await file.handle.close()
    }
  }
}

/** A text would be gone through by its letters. */
function listsOf(options: FileServiceOptions = {}): Required<FileServiceOptions> {
  requireOptions('FileService', options, ['paths', 'prefixes'])
  const { paths = [], prefixes = [] } = options
  for (const [name, list] of Object.entries({ paths, prefixes })) {
    if (!Array.isArray(list))
      throw new BadOptionsError(`"${name}" must be a list of absolute paths, found ${shown(list)}`)
  }
  return { paths, prefixes }
}

async function* partsOf(path: string, { handle, stats }: OpenFile): AsyncGenerator<FilePart, void, void> {
  const size = Number(stats.size)
  const hash = createHash('sha256')
  yield { size, mode: Number(stats.mode) & 0o777, mtimeMs: Number(stats.mtimeNs) / 1e6 }
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, size))
  for (let position = 0; position < size; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - position), position)
    if (bytesRead === 0) throw new FileChangedError(path, `it had ${size} bytes, and has ${position}`)
    hash.update(buffer.subarray(0, bytesRead))
    // What is handed over is copied, so the buffer is free again. A part of it would take all of it along.
    yield bytesRead === buffer.length ? buffer : buffer.slice(0, bytesRead)
    position += bytesRead
  }
  const { size: sizeNow, mtimeNs } = await handle.stat({ bigint: true })
  if (sizeNow !== stats.size) throw new FileChangedError(path, `it had ${size} bytes, and has ${sizeNow}`)
  if (mtimeNs !== stats.mtimeNs) throw new FileChangedError(path, 'it was written to')
  yield { sha256: hash.digest('hex') }
}
