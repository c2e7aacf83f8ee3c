/** Where the code of a thread, or of a process, comes from: Node's compile cache, unless that is switched off. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { KINDS } from '../fixtures/kinds.ts'

const script = new URL('../fixtures/scripts/spawn-one.ts', import.meta.url).pathname

/** Runs a script that spawns one service. @returns the files of the cache that it leaves behind */
async function cachedBy(kind: string, env: Record<string, string>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
  try {
    const { NODE_COMPILE_CACHE: _, NODE_V8_COVERAGE: __, NODE_DISABLE_COMPILE_CACHE: ___, ...others } = process.env
    const told = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace('FOLDER', folder)]))
    await promisify(execFile)(process.execPath, [script, kind], { env: { ...others, TMPDIR: folder, ...told } })
    const files = await readdir(folder, { recursive: true })
    return files.filter((file) => file.includes('cache') && file.split('/').length > 2)
  } finally {
    await rm(folder, { recursive: true })
  }
}

it.each(KINDS)('the host in a %s is taken from the cache, and put there', async (kind) => {
  expect((await cachedBy(kind, {})).length).toBeGreaterThan(0)
})

it('the cache lies where Node is told to have it', async () => {
  const files = await cachedBy('thread', { NODE_COMPILE_CACHE: 'FOLDER/my-cache' })
  expect(files.length).toBeGreaterThan(0)
  expect(files.filter((file) => !file.startsWith('my-cache'))).toEqual([])
})

it.each([
  ['Node is told to have none', { NODE_DISABLE_COMPILE_CACHE: '1' }],
  ['coverage is taken, which it makes less exact', { NODE_V8_COVERAGE: 'FOLDER/coverage' }],
])('there is none where %s', async (_, env) => {
  expect(await cachedBy('thread', env)).toEqual([])
})
