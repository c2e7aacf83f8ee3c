/**
 * Takes the small files that a parent pushes down, and has them for whoever asks: a `get` waits until the file is there.
 * What lies below is connected by a subclass: `this.pushed.connect(proxy)`.
 */

import { AllowAny, AllowParents } from '../access/built-in-policies.ts'
import { expose } from '../access/expose.ts'
import { NotRunningError } from '../errors/catalogue.ts'
import { Service } from '../service/service.ts'
import { PushedFiles, type PushedFilesOptions } from './pushed-files.ts'

export class PushFileService extends Service<PushedFilesOptions | undefined> {
  /** What is here, and where it is handed on to. */
  protected readonly pushed = new PushedFiles(this.options)

  /** As `PushedFiles.store`: resolves when this context, and all below it, have the content. */
  @expose(AllowParents, { idempotent: true })
  store(path: string, content: Uint8Array): Promise<void> {
    return this.pushed.store(path, content)
  }

  /**
   * The content, as soon as a parent has pushed it. It is shared by all threads of the process: not to be written to.
   * @throws {NotRunningError} ERR_TROUPE_NOT_RUNNING when the service is stopped before that
   */
  @expose(AllowAny, { idempotent: true })
  async get(path: string): Promise<Uint8Array> {
    const { stopping } = this
    try {
      return await this.pushed.get(path, AbortSignal.any([this.call.signal, stopping]))
    } catch (error) {
      throw stopping.aborted ? new NotRunningError(this.name, 'STOPPING') : error
    }
  }
}
