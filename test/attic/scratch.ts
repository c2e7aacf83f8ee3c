/** A folder for one test, gone with its scope. */
import { chmodSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Scratch extends Disposable {
  readonly path: string
}

export function scratchFolder(): Scratch {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'attic-test-')))
  return { path, [Symbol.dispose]: () => remove(path) }
}

function remove(folder: string): void {
  // An ordinary user can't empty a folder that it may not list.
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: false })) {
    if (entry.isDirectory()) chmodSync(join(folder, entry.name), 0o700)
  }
  rmSync(folder, { recursive: true, force: true })
}
