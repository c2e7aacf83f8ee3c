/** The receiving end of a file service. */
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { BadOptionsError, FileDamagedError } from '../errors/catalogue.ts'
import { shown } from '../errors/require-options.ts'
import type { FileEnd, FileHead, FilePart } from './file-service.ts'
import { requireMethod, requireOwnPath, requirePath } from './requirements.ts'

/**
 * Anything that sends files as a `FileService` does: its proxy, or one with options, `proxy.$with({ signal })`. The bytes
 * that it sends are given away: `fetchFile` detaches their buffers.
 */
export interface FileSource {
  fetch(path: string): AsyncIterable<FilePart>
}

export interface FetchedFile extends FileHead, FileEnd {}

/**
 * Writes the file to `target`, with the permission bits and the time of its last change.
 *
 * The target is replaced in one step, when all has come and been found right; until then the content is in a file beside
 * it, `<target>.<uuid>.part`, which is removed on every failure. An abort of the source's signal is one.
 *
 * @throws {FileDamagedError} ERR_TROUPE_FILE_DAMAGED when length or SHA-256 are not as announced, and for what is no part
 *   of a file
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
 * @throws what the source throws (`ERR_TROUPE_FILE_REFUSED`, `ERR_TROUPE_FILE_CHANGED` …), and what the file system does
 */
export async function fetchFile(files: FileSource, path: string, target: string): Promise<FetchedFile> {
  requireMethod('fetchFile needs a source', files, 'fetch')
  requirePath('fetchFile', path)
  requireOwnPath('fetchFile, for its target,', target)
  const draft = `${target}.${randomUUID()}.part`
  try {
    const parts = files.fetch(path)
    if (typeof parts?.[Symbol.asyncIterator] !== 'function')
      throw new BadOptionsError(`the source of fetchFile must give a stream of parts, found ${shown(parts)}`)
    const fetched = await writeDraft(parts, path, draft)
    await rename(draft, target)
    return fetched
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

async function writeDraft(parts: AsyncIterable<FilePart>, path: string, draft: string): Promise<FetchedFile> {
  let handle: FileHandle | undefined
  try {
    let head: FileHead | undefined
    let end: FileEnd | undefined
    let size = 0
    const hash = createHash('sha256')
    for await (const part of parts) {
      if (part instanceof Uint8Array) {
        size += part.length
        hash.update(part)
        await handle?.writeFile(part)
        release(part)
      } else if (isEnd(part)) end = part
      else {
        if (!isHead(part) || handle)
          throw new FileDamagedError(path, 'one head, then bytes, then', 'an end', shown(part))
        head = part
        // Nobody else reads it before it has its own permissions.
        handle = await open(draft, 'wx', 0o600)
      }
    }
    const { size: announced } = head ?? { size: 0 }
    if (size !== announced) throw new FileDamagedError(path, 'a length of', String(announced), String(size))
    const sha256 = hash.digest('hex')
    if (handle === undefined || head === undefined || sha256 !== end?.sha256)
      throw new FileDamagedError(path, 'a SHA-256 of', String(end?.sha256), sha256)
    await handle.chmod(head.mode)
    await handle.utimes(head.mtimeMs / 1e3, head.mtimeMs / 1e3)
    return { ...head, sha256 }
  } finally {
    await handle?.close()
  }
}

// What a source sends is not always what its type says.
const isEnd = (part: unknown): part is FileEnd => typeof part === 'object' && part !== null && 'sha256' in part

function isHead(part: unknown): part is FileHead {
  const { size, mode, mtimeMs } = (part ?? {}) as Partial<FileHead>
  return [size, mode, mtimeMs].every((each) => Number.isFinite(each))
}

/** Gives the memory back at once: by itself the collector, which sees only small objects, lets some 100 MiB gather. */
function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
