import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * A package of its own in a temporary folder, that finds Troupe as an installed one would.
 * @param files by name, their texts
 */
export async function openPackage(files: Readonly<Record<string, string>>) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'troupe-modules-')))
  await mkdir(join(folder, 'node_modules', '@troupe'), { recursive: true })
  const host = dirname(dirname(fileURLToPath(import.meta.resolve('@troupe/worker-host'))))
  await symlink(host, join(folder, 'node_modules', '@troupe', 'worker-host'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}
