/**
 * Small files on their way down the tree of contexts: kept in memory, and handed on to each place below, once.
 *
 *     parent script: PushedFiles ─ store ─→ PushFileService of a context: PushedFiles ─ store ─→ … below that
 *
 * Each hop is the same: what is stored is kept, given to those who wait for it, and handed on; a place that is connected
 * later gets what is there already. Within a process all hops share one copy of the content; a hop to another process takes
 * a copy along, which is shared in there again.
 */
import { type FileHandle, open, stat } from 'node:fs/promises'
import { BadOptionsError, FileChangedError, FileRefusedError, StoreFullError } from '../errors/catalogue.ts'
import { requireOptions, shown } from '../errors/require-options.ts'
import { requireMethod, requireOwnPath, requirePath } from './requirements.ts'

/** The next hop: the proxy of a `PushFileService`, or another `PushedFiles`. */
export interface PushTarget {
  store(path: string, content: Uint8Array, how?: StoreOptions): Promise<unknown>
}

export interface StoreOptions {
  /**
   * Nobody changes the content any more, so memory that can be shared needs no copy: one hop says so to the next.
   * @defaultValue false
   */
  readonly isFixed?: boolean
}

export interface PushedFilesOptions {
  /**
   * Limit of all contents together, and of their paths in UTF-8.
   * @unit bytes @defaultValue 64 MiB
   */
  readonly maxBytes?: number
}

type Waiter = (content: Uint8Array) => void

export class PushedFiles implements PushTarget {
  readonly #maxBytes: number
  readonly #contents = new Map<string, Uint8Array>()
  /** What each place below has, or is about to have. */
  readonly #below = new Map<PushTarget, Map<string, Promise<unknown>>>()
  readonly #waiting = new Map<string, Set<Waiter>>()
  #bytes = 0

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  constructor(options: PushedFilesOptions = {}) {
    requireOptions('PushedFiles', options, ['maxBytes'])
    const { maxBytes = 64 * 1024 * 1024 } = options
    if (typeof maxBytes !== 'number' || !(maxBytes >= 0))
      throw new BadOptionsError(`"maxBytes" must be a number of bytes from 0, found ${shown(maxBytes)}`)
    this.#maxBytes = maxBytes
  }

  /** Of all contents together, and of their paths. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Reads the file and stores it under its path.
   * @throws {StoreFullError} ERR_TROUPE_STORE_FULL, before it is read
   * @throws {FileRefusedError} ERR_TROUPE_FILE_REFUSED for a folder, a device and the like
   * @throws {FileChangedError} ERR_TROUPE_FILE_CHANGED when it does not stay as long as it was
   */
  async push(path: string): Promise<void> {
    requireOwnPath('push', path)
    // To open a device can be to use it, so it isn't opened to find out.
    if (!(await stat(path)).isFile()) throw new FileRefusedError(path, 'notAFile')
    await using handle = await open(path)
    const { size } = await handle.stat()
    this.#requireRoom(path, size)
    await this.store(path, await readWhole(handle, path, size))
  }

  /**
   * Keeps a copy of the content, and hands it on. Resolves when all below have it, and all below them.
   *
   * @throws {StoreFullError} ERR_TROUPE_STORE_FULL
   * @throws {AggregateError} with what places below reject with; the others have it
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS when the path stands for another content already
   */
  async store(path: string, content: Uint8Array, how: StoreOptions = {}): Promise<void> {
    requirePath('store', path)
    if (!(content instanceof Uint8Array))
      throw new BadOptionsError(`store needs the content as a Uint8Array, found ${shown(content)}`)
    requireOptions('store', how, ['isFixed'])
    this.#keep(path, content, how)
    await this.#deliver([...this.#below.keys()].map((below) => this.#handOn(below, path)))
  }

  /** From now on all that is stored, and what is here already, is handed on to that place too. Resolves when it has it. */
  async connect(below: PushTarget): Promise<void> {
    requireMethod('connect needs a place', below, 'store')
    if (below instanceof PushedFiles && below.#leadsTo(this))
      throw new BadOptionsError('files are pushed down a tree, and that place leads back to this one')
    if (!this.#below.has(below)) this.#below.set(below, new Map())
    await this.#deliver([...this.#contents.keys()].map((path) => this.#handOn(below, path)))
  }

  /** Nothing is handed on to that place any more. When it is connected again it gets everything anew. */
  disconnect(below: PushTarget): void {
    this.#below.delete(below)
  }

  /**
   * The content, as soon as it is here. It is shared with everybody in this process: it is not to be written to.
   * @param signal ends the wait, with its reason
   */
  async get(path: string, signal?: AbortSignal): Promise<Uint8Array> {
    requirePath('get', path)
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw new BadOptionsError(`get needs an AbortSignal, or none, found ${shown(signal)}`)
    signal?.throwIfAborted()
    const content = this.#contents.get(path)
    if (content !== undefined) return content
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const waiters = this.#waiting.get(path) ?? new Set()
    this.#waiting.set(path, waiters.add(resolve))
    const onAbort = (): void => reject(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
      waiters.delete(resolve)
      if (waiters.size === 0 && this.#waiting.get(path) === waiters) this.#waiting.delete(path)
    }
  }

  #leadsTo(place: PushedFiles): boolean {
    return this === place || [...this.#below.keys()].some((one) => one instanceof PushedFiles && one.#leadsTo(place))
  }

  #keep(path: string, content: Uint8Array, { isFixed = false }: StoreOptions): void {
    const known = this.#contents.get(path)
    if (known !== undefined) {
      if (Buffer.compare(known, content) === 0) return
      throw new BadOptionsError(`"${path}" has been pushed with another content`)
    }
    this.#requireRoom(path, content.length)
    const shared = isFixed && isWhole(content) ? content : toShared(content)
    this.#bytes += bytesOf(path) + shared.length
    this.#contents.set(path, shared)
    for (const waiter of this.#waiting.get(path) ?? []) waiter(shared)
    this.#waiting.delete(path)
  }

  #requireRoom(path: string, bytes: number): void {
    if (!this.#contents.has(path) && this.#bytes + bytesOf(path) + bytes > this.#maxBytes)
      throw new StoreFullError(path, bytes, this.#bytes, this.#maxBytes)
  }

  /** Once to each place; anew only if that has failed. */
  #handOn(below: PushTarget, path: string): Promise<unknown> {
    const sent = this.#below.get(below)!
    const running = sent.get(path)
    if (running) return running
    const sending = send(below, path, this.#contents.get(path)!).catch((error) => {
      sent.delete(path)
      throw error
    })
    sent.set(path, sending)
    return sending
  }

  async #deliver(deliveries: readonly Promise<unknown>[]): Promise<void> {
    const outcomes = await Promise.allSettled(deliveries)
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    if (errors.length > 0)
      throw new AggregateError(errors, `${errors.length} places below did not take what was pushed`)
  }
}

/** Shared memory can't leave its process, and whether that is the way is known only to what carries it. */
async function send(below: PushTarget, path: string, content: Uint8Array): Promise<unknown> {
  try {
    return await below.store(path, content, { isFixed: true })
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code !== 'ERR_TROUPE_NOT_CLONEABLE') throw error
    return below.store(path, new Uint8Array(content), { isFixed: true })
  }
}

/** No more than that: what a file claims to be long is all that there is room for. */
async function readWhole(handle: FileHandle, path: string, size: number): Promise<Uint8Array> {
  const content = new Uint8Array(size + 1)
  let length = 0
  while (length <= size) {
    const { bytesRead } = await handle.read(content, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  if (length !== size) throw new FileChangedError(path, `it was ${size} bytes long, and is so no more`)
  return content.subarray(0, size)
}

/** No other memory is kept with it. */
const isWhole = ({ buffer, length }: Uint8Array): boolean =>
  buffer instanceof SharedArrayBuffer && !buffer.growable && buffer.byteLength === length

function toShared(content: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(content.length))
  shared.set(content)
  return shared
}

const bytesOf = (path: string): number => Buffer.byteLength(path)
