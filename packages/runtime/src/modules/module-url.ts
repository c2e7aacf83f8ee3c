/** How a program names a module: by its `file:` URL, or by its absolute path. */
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BadOptionsError, messageOf } from '@troupe/worker-host'

/** @returns undefined for what names no module */
export function moduleUrl(module: unknown): URL | undefined {
  if (module instanceof URL) return module.protocol === 'file:' ? module : undefined
  if (typeof module !== 'string') return undefined
  if (isAbsolute(module)) return pathToFileURL(module)
  return module.startsWith('file:') && URL.canParse(module) ? new URL(module) : undefined
}

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
export function requireModule(module: URL | string): URL {
  const url = moduleUrl(module)
  if (url !== undefined) return url
  throw new BadOptionsError(`a module must be a file: URL or an absolute path, found ${messageOf(module)}`)
}
