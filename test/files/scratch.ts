/** A folder for one test, and what a file service is asked in it. */
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from '@troupe/runtime'
import { type FileService, type FileServiceOptions, fileService } from '@troupe/runtime/files'

export async function openScratch() {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'troupe-files-')))
  const at = (...names: string[]): string => join(folder, ...names)
  return {
    folder,
    at,
    /** A file of so many random bytes. */
    async file(name: string, bytes: number): Promise<string> {
      await writeFile(at(name), randomBytes(bytes))
      return at(name)
    },
    makeFifo: (name: string): void => void execFileSync('mkfifo', [at(name)]),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

export const spawnFiles = (pool: Pool, options?: FileServiceOptions) =>
  pool.spawn<FileService>({ name: 'files', ...fileService, ...(options && { options }) })

export const sha256 = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

/** Names that a transfer has left behind in the folder. */
export const drafts = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.part'))
