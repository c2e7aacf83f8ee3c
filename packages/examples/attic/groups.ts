/** Duplicates: which files have the same content, in an order that depends on nothing but them. */
import type { BytePath } from './names.ts'

export interface HashedFile {
  readonly path: BytePath
  readonly bytes: number
  readonly sha256: string
}

/** Two files or more with the same content; their paths in byte order. */
export interface Group {
  readonly sha256: string
  /** The size of each. */
  readonly bytes: number
  readonly paths: readonly BytePath[]
}

/** What is freed when one file of the group is kept. */
export const reclaimableBytes = ({ bytes, paths }: Group): number => bytes * (paths.length - 1)

/** The groups, those that would free the most first, and by their sha-256 where that is equal. */
export function groupDuplicates(files: readonly HashedFile[]): Group[] {
  const byContent = Map.groupBy(files, ({ sha256 }) => sha256)
  return Array.from(byContent, ([sha256, same]) => ({ sha256, bytes: same[0]!.bytes, paths: inByteOrder(same) }))
    .filter(({ paths }) => paths.length > 1)
    .sort((a, b) => reclaimableBytes(b) - reclaimableBytes(a) || (a.sha256 < b.sha256 ? -1 : 1))
}

// The default order of strings is by code unit, which in a BytePath is a byte.
const inByteOrder = (files: readonly HashedFile[]): BytePath[] => files.map(({ path }) => path).sort()
