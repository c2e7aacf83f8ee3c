/**
 * Installs files in a context: it fetches them from the parent's file service, which it knows by name.
 *
 * It serves its own context and those above it: a parent may have something installed, a neighbour may not.
 */
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type FileService, fetchFile } from '@troupe/runtime/files'
import { AllowAny, AllowParents, expose, Service } from '@troupe/worker-host'

export interface InstallerOptions {
  /** Where the files go. */
  readonly folder: string
}

export interface Installed {
  readonly name: string
  readonly bytes: number
}

export class Installer extends Service<InstallerOptions> {
  readonly #files = this.context.proxy<FileService>('files')
  readonly #installed: string[] = []

  protected override async prepare(): Promise<void> {
    await mkdir(this.options.folder, { recursive: true })
  }

  @expose(AllowParents, { idempotent: true })
  async install(path: string): Promise<Installed> {
    const name = basename(path)
    const { size: bytes } = await fetchFile(this.#files, path, join(this.options.folder, name))
    this.#installed.push(name)
    return { name, bytes }
  }

  /** The names of what is here: anybody may know. */
  @expose(AllowAny)
  installed(): readonly string[] {
    return this.#installed
  }

  /** What a context that has got out of hand would try: each attempt ends in an error, which is what is returned. */
  @expose(AllowParents)
  async misbehave(secret: string, neighbour: string): Promise<readonly string[]> {
    const other = this.context.proxy<Installer>(neighbour)
    const attempts = [this.#files.register(secret), other.install(secret), this.install(secret)]
    const outcomes = await Promise.allSettled(attempts)
    return outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.message : 'not refused'))
  }
}
