/**
 * The regular files that a walk found, each once: names that lead to one inode (hard links, and folders that were
 * reached by two ways) are one file, and freeing one of them would free nothing. The file goes by the first of its
 * names in byte order, so that it has the same one in every run.
 */
import type { FoundFile } from './walk.ts'

export class Inodes {
  readonly #byId = new Map<string, FoundFile>()
  #hardLinks = 0
  #bytes = 0

  get count(): number {
    return this.#byId.size
  }

  /** Names beyond the first of each file. */
  get hardLinks(): number {
    return this.#hardLinks
  }

  /** The size of all files together. */
  get bytes(): number {
    return this.#bytes
  }

  add(file: FoundFile): void {
    const id = `${file.dev}:${file.ino}`
    const known = this.#byId.get(id)
    if (known === undefined) this.#bytes += file.bytes
    else this.#hardLinks++
    if (known === undefined || file.path < known.path) this.#byId.set(id, file)
  }

  /** The files whose size another file has too: only they can be duplicates. */
  ofEqualSize(): FoundFile[] {
    const bySize = Map.groupBy(this.#byId.values(), ({ bytes }) => bytes)
    return [...bySize.values()].filter((files) => files.length > 1).flat()
  }
}
