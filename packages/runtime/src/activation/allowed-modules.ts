/** The modules that a pool may activate: files, and folders with all that is below them. */
import { statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { BadOptionsError } from '@troupe/worker-host'

/** What a service's module can be; a declaration file is none. */
const SCRIPT = /(?<!\.d)\.[cm]?[jt]s$/

export class AllowedModules {
  readonly #files = new Set<string>()
  readonly #folders: string[] = []

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is not there */
  constructor(urls: readonly URL[]) {
    for (const url of urls) {
      const path = fileURLToPath(url)
      const found = statSync(path, { throwIfNoEntry: false })
      if (found === undefined)
        throw new BadOptionsError(`"modules" names "${url}", where there is no file and no folder`)
      if (found.isDirectory()) this.#folders.push(path.endsWith(sep) ? path : path + sep)
      else this.#files.add(path)
    }
  }

  admits(module: URL): boolean {
    const path = fileURLToPath(module)
    return this.#files.has(path) || this.#folders.some((folder) => path.startsWith(folder))
  }

  /** All of them, as the folders are now; what is installed in a folder is left out. */
  async list(): Promise<URL[]> {
    const inside = await Promise.all(this.#folders.map(scriptsBelow))
    return [...new Set([...this.#files, ...inside.flat()])].map((path) => pathToFileURL(path))
  }
}

async function scriptsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const paths = entries.map(async (entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : scriptsBelow(path)
    return SCRIPT.test(entry.name) ? [path] : []
  })
  return (await Promise.all(paths)).flat()
}
