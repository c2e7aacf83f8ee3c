/**
 * The hunt for duplicates, in four phases that each lean on one service:
 *
 *     walking    walker     which files are there?             → inodes
 *     recalling  catalogue  of those with equal sizes, which have been read before?
 *     hashing    hasher     the sha-256 of the others          → catalogue, in batches
 *     ranking    report     which are duplicates?              → groups
 *
 * All that can't be found out again lives here, in the main thread. The services can be killed at any moment: every call
 * is one that may be repeated, and is repeated by `insist` until it is answered.
 */
import type { Crew } from './crew.ts'
import { type Group, type HashedFile, reclaimableBytes } from './groups.ts'
import { insist } from './insist.ts'
import { Keeper } from './keeper.ts'
import { isSettled } from './settled.ts'
import { type Root, Survey } from './survey.ts'
import type { Unreadable } from './unreadable.ts'
import type { FoundFile } from './walk.ts'

export type Phase = 'walking' | 'recalling' | 'hashing' | 'ranking'

export interface HuntStats {
  folders: number
  /** Regular files; all names of one inode are one file. */
  filesSeen: number
  bytesSeen: number
  /** Names of a file beyond its first. */
  hardLinks: number
  symlinks: number
  /** Fifos, sockets and devices. */
  special: number
  /** Files whose size another file has too. */
  candidates: number
  /** Candidates known from an earlier run, by inode, size and time of change. */
  fromCatalogue: number
  /** Candidates read from beginning to end. */
  filesRead: number
  bytesRead: number
  groups: number
  /** Files beyond the first of each group. */
  duplicates: number
  reclaimableBytes: number
}

export interface Findings {
  readonly groups: readonly Group[]
  readonly unreadable: readonly Unreadable[]
  readonly stats: HuntStats
}

export interface HuntOptions {
  readonly signal: AbortSignal
  readonly onPhase: (phase: Phase) => void
}

const RECALL_FILES = 512
/** Enough that no thread waits for the main thread's answer. */
const FILES_PER_THREAD = 32

export class Hunt {
  readonly survey: Survey
  phase: Phase = 'walking'
  phaseAtMs = performance.now()
  /** How far the reading has come. */
  readonly reading = { files: 0, bytes: 0, ofFiles: 0, ofBytes: 0 }
  #fromCatalogue = 0
  readonly #crew: Crew
  readonly #signal: AbortSignal
  readonly #onPhase: (phase: Phase) => void
  readonly #hashed: HashedFile[] = []
  readonly #unreadable: Unreadable[] = []

  constructor(crew: Crew, roots: readonly Root[], { signal, onPhase }: HuntOptions) {
    this.survey = new Survey(roots)
    this.#crew = crew
    this.#signal = signal
    this.#onPhase = onPhase
  }

  /** Bytes read so far, also of files that are not done; those of a file whose hasher was killed count twice. */
  get bytesReadSoFar(): number {
    return Number(Atomics.load(this.#crew.bytesRead, 0))
  }

  /** @throws the signal's reason once it aborts; what was hashed until then is in the catalogue */
  async run(): Promise<Findings> {
    await this.#walk()
    const candidates = this.survey.inodes.ofEqualSize()
    const unknown = await this.#recall(candidates)
    await this.#hash(unknown)
    const groups = await this.#rank()
    const unreadable = [...this.survey.unreadable, ...this.#unreadable].sort((a, b) => (a.path < b.path ? -1 : 1))
    return { groups, unreadable, stats: this.#stats(candidates.length, groups) }
  }

  #walk(): Promise<void> {
    this.#enter('walking')
    const { proxy } = this.#crew.walker
    return insist(() => this.survey.walk((folders, elsewhere) => proxy.walk(folders, elsewhere), this.#signal))
  }

  /** Resolves with the files that the catalogue doesn't know. */
  async #recall(candidates: readonly FoundFile[]): Promise<FoundFile[]> {
    this.#enter('recalling')
    const unknown: FoundFile[] = []
    for (let at = 0; at < candidates.length; at += RECALL_FILES) {
      const files = candidates.slice(at, at + RECALL_FILES)
      const known = await insist(() => this.#crew.catalogue.proxy.recall(files))
      this.#signal.throwIfAborted()
      for (const [index, file] of files.entries()) {
        const sha256 = known[index]
        if (sha256) this.#hashed.push({ path: file.path, bytes: file.bytes, sha256 })
        else unknown.push(file)
      }
    }
    this.#fromCatalogue = this.#hashed.length
    return unknown
  }

  async #hash(files: readonly FoundFile[]): Promise<void> {
    this.reading.ofFiles = files.length
    this.reading.ofBytes = files.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#enter('hashing')
    const keeper = new Keeper((rows) => insist(() => this.#crew.catalogue.proxy.keep(rows)))
    const queue = files.values()
    const lanes = Array.from({ length: this.#crew.threads * FILES_PER_THREAD }, async () => {
      for (const file of queue) await this.#hashOne(file, keeper)
    })
    try {
      await untilAborted(Promise.all(lanes), this.#signal)
    } finally {
      await keeper.flush()
    }
  }

  async #hashOne(file: FoundFile, keeper: Keeper): Promise<void> {
    this.#signal.throwIfAborted()
    const sentAtMs = Date.now()
    const digest = await insist(() => this.#crew.hasher.proxy.hash(file))
    this.reading.files++
    if ('unreadable' in digest) {
      this.reading.ofBytes -= file.bytes
      this.#unreadable.push(digest.unreadable)
      return
    }
    this.reading.bytes += file.bytes
    this.#hashed.push({ path: file.path, bytes: file.bytes, sha256: digest.sha256 })
    if (isSettled(file.mtimeNs, sentAtMs)) await keeper.add({ file, sha256: digest.sha256 })
  }

  #rank(): Promise<Group[]> {
    this.#enter('ranking')
    return insist(async () => {
      const groups: Group[] = []
      for await (const group of this.#crew.report.proxy.rank(this.#hashed)) {
        this.#signal.throwIfAborted()
        groups.push(group)
      }
      return groups
    })
  }

  #enter(phase: Phase): void {
    this.#signal.throwIfAborted()
    this.phase = phase
    this.phaseAtMs = performance.now()
    this.#onPhase(phase)
  }

  #stats(candidates: number, groups: readonly Group[]): HuntStats {
    const { inodes, folders, symlinks, specials } = this.survey
    return {
      folders,
      filesSeen: inodes.count,
      bytesSeen: inodes.bytes,
      hardLinks: inodes.hardLinks,
      symlinks,
      special: specials,
      candidates,
      fromCatalogue: this.#fromCatalogue,
      filesRead: this.#hashed.length - this.#fromCatalogue,
      bytesRead: this.reading.bytes,
      groups: groups.length,
      duplicates: groups.reduce((sum, { paths }) => sum + paths.length - 1, 0),
      reclaimableBytes: groups.reduce((sum, group) => sum + reclaimableBytes(group), 0),
    }
  }
}

/** Does not wait for what is in hand: a large file would hold up the end. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
