/**
 * Which files may be sent: those that were registered, and those in registered folders, however deep.
 *
 * A path is registered together with the real place that it leads to at that moment. Both are asked: the name by its
 * text, before the file system is touched, so that nothing is told of what is not registered; and the place that is
 * really opened, so that no link, old or new, leads out.
 */
import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, normalize, sep } from 'node:path'
import { FileRefusedError } from '../errors/catalogue.ts'

export class RegisteredPaths {
  readonly #names = { files: new Set<string>(), folders: new Set<string>() }
  readonly #places = { files: new Set<string>(), folders: new Set<string>() }

  /** @throws {FileRefusedError} ERR_TROUPE_FILE_REFUSED unless a regular file is there */
  register(path: string): Promise<void> {
    return this.#add(path, 'files')
  }

  /** All files in the folder, those that will come included. @throws {FileRefusedError} unless a folder is there */
  registerPrefix(path: string): Promise<void> {
    return this.#add(path, 'folders')
  }

  /** Whether the path, as it is written, is registered or in a registered folder. */
  hasName(path: string): boolean {
    return isIn(this.#names, path) || this.hasPlace(path)
  }

  /** Whether the place, without any links, is that of a registered file, or in that of a registered folder. */
  hasPlace(place: string): boolean {
    return isIn(this.#places, place)
  }

  async #add(path: string, kind: 'files' | 'folders'): Promise<void> {
    requireWellFormed(path)
    const place = await realPlace(path)
    const stats = await stat(place)
    if (kind === 'files' && !stats.isFile()) throw new FileRefusedError(path, 'notAFile')
    if (kind === 'folders' && !stats.isDirectory()) throw new FileRefusedError(path, 'notAFolder')
    this.#names[kind].add(path)
    this.#places[kind].add(place)
  }
}

function isIn({ files, folders }: { files: ReadonlySet<string>; folders: ReadonlySet<string> }, path: string): boolean {
  if (files.has(path)) return true
  for (const folder of folders) if (path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return true
  return false
}

/** @throws {FileRefusedError} ERR_TROUPE_FILE_REFUSED for a path that says something else than it seems to */
export function requireWellFormed(path: string): void {
  const isGood = typeof path === 'string' && !path.includes('\0') && isAbsolute(path) && normalize(path) === path
  if (!isGood || (path.endsWith(sep) && normalize(`${path}..`) !== path))
    throw new FileRefusedError(String(path), 'malformed')
}

/** @throws {FileRefusedError} ERR_TROUPE_FILE_REFUSED */
export async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    throw refusalOf(path, error)
  }
}

const MISSING = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']

/** What the system's error means to whoever asked for the file. */
export function refusalOf(path: string, cause: unknown): FileRefusedError {
  const isMissing = MISSING.includes((cause as NodeJS.ErrnoException).code ?? '')
  return new FileRefusedError(path, isMissing ? 'missing' : 'unreadable', { cause })
}
