/**
 * Takes the small files that a parent pushes down, and has them for whoever asks: a `get` waits until the file is there.
 * What lies below is connected by a subclass: `this.pushed.connect(proxy)`.
 */
import { isMainThread } from 'node:worker_threads'
import { AllowAny, AllowParents } from '../access/built-in-policies.ts'
import { type ContextId, isWithin, parentOf } from '../access/context-id.ts'
import { expose } from '../access/expose.ts'
import { NotRunningError } from '../errors/catalogue.ts'
import { Service } from '../service/service.ts'
import { PushedFiles, type PushedFilesOptions, type StoreOptions } from './pushed-files.ts'

export class PushFileService extends Service<PushedFilesOptions | undefined> {
  /** What is here, and where it is handed on to. */
  protected readonly pushed = new PushedFiles(this.options)

  /** As `PushedFiles.store`: resolves when this context, and all below it, have the content. */
  @expose(AllowParents, { idempotent: true })
  store(path: string, content: Uint8Array, how?: StoreOptions): Promise<void> {
    return this.pushed.store(path, content, how)
  }

  /**
   * The content, as soon as a parent has pushed it. It is shared by all threads of the process: not to be written to. Who
   * calls from above this process gets a copy, and so does everybody if the service was brought up from another process,
   * through which all its calls come. From a process beside it or below it, `getCopy` is the way.
   * @throws {NotRunningError} ERR_TROUPE_NOT_RUNNING when the service is stopped before that
   */
  @expose(AllowAny, { idempotent: true })
  async get(path: string): Promise<Uint8Array> {
    const isCopied = !this.context.sharesMemory || isOutside(this.call.caller, this.context.id)
    const content = await this.#whenPushed(path)
    return isCopied ? new Uint8Array(content) : content
  }

  /** As `get`, but the content is the caller's own, wherever that is. */
  @expose(AllowAny, { idempotent: true })
  async getCopy(path: string): Promise<Uint8Array> {
    return new Uint8Array(await this.#whenPushed(path))
  }

  async #whenPushed(path: string): Promise<Uint8Array> {
    const { stopping } = this
    try {
      return await this.pushed.get(path, AbortSignal.any([this.call.signal, stopping]))
    } catch (error) {
      throw stopping.aborted ? new NotRunningError(this.name, 'STOPPING') : error
    }
  }
}

/**
 * A process is a branch of the tree: a caller from elsewhere is in another one, or may be. The parent of a thread is in the
 * thread's process; that of a process, which is connected with it, is not.
 */
function isOutside(caller: ContextId, own: ContextId): boolean {
  const parent = parentOf(own)
  const branch = parent === '' || (isMainThread && process.connected) ? own : parent
  return !isWithin(caller, branch)
}
