import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'

/** The installed version of a package; without one, that of the Node it all runs on. */
export async function versionOf(name: string | null): Promise<string> {
  if (name === null) return `node ${process.versions.node}`
  const path = findPackageJSON(name, import.meta.url)
  if (path === undefined) return 'not installed'
  return JSON.parse(await readFile(path, 'utf8')).version
}
