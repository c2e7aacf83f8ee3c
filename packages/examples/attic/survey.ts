/**
 * What a walk has found so far, and what is left to walk. It lives at the coordinator, so that it outlives the walker:
 * a folder counts once it has been listed to its end, and a walk that broke off goes on with the folders that have not.
 */
import { Inodes } from './inodes.ts'
import type { BytePath } from './names.ts'
import type { Unreadable } from './unreadable.ts'
import type { FolderId, Listing } from './walk.ts'

/** A folder that the user gave. */
export interface Root {
  readonly path: BytePath
  readonly id: FolderId
}

/** How a walker is asked. */
export type Walk = (folders: readonly BytePath[], elsewhere: ReadonlySet<FolderId>) => AsyncIterable<Listing>

export class Survey {
  readonly inodes = new Inodes()
  readonly unreadable: Unreadable[] = []
  folders = 0
  symlinks = 0
  specials = 0
  readonly #pending = new Set<BytePath>()
  // A root inside another root is walked for itself, and so once. The same goes for a root that is given twice.
  readonly #roots: ReadonlySet<FolderId>

  constructor(roots: readonly Root[]) {
    const byId = new Map(roots.map(({ id, path }) => [id, path]))
    this.#roots = new Set(byId.keys())
    for (const path of byId.values()) this.#pending.add(path)
  }

  /** Walks what is left. When it rejects, call it again: what was listed in full is not walked again. */
  async walk(walk: Walk, signal: AbortSignal): Promise<void> {
    const parts: Listing[] = []
    for await (const part of walk([...this.#pending], this.#roots)) {
      signal.throwIfAborted()
      parts.push(part)
      if (part.isLast) this.#add(parts.splice(0))
    }
  }

  #add(parts: readonly Listing[]): void {
    for (const { folder, files, folders, unreadable, symlinks, specials } of parts) {
      this.#pending.delete(folder)
      for (const below of folders) this.#pending.add(below)
      for (const file of files) this.inodes.add(file)
      this.unreadable.push(...unreadable)
      this.symlinks += symlinks
      this.specials += specials
    }
    this.folders++
  }
}
