/** A folder for one test, gone with its scope. */
import { chmodSync, mkdtempSync, readdirSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './tools.ts'

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
  run('rm', ['-rf', folder]) // Node 22 can't remove a path that is too long to be written at once
}
