import { chmod, mkdtemp, rename, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { areUnchanged, stampsOf, TICK_MS } from '../../packages/runtime/src/modules/file-stamps.ts'

const LONG_AGO = new Date(2001, 1, 1)

/** Two files, and the file system's clock has moved on since they were written. */
async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'troupe-stamps-'))
  const [a, b, clock] = ['a', 'b', 'clock'].map((name) => join(path, name)) as [string, string, string]
  for (const file of [a, b]) {
    await writeFile(file, 'one')
    await utimes(file, LONG_AGO, LONG_AGO)
  }
  const writtenAt = (await stat(b, { bigint: true })).ctimeNs
  do await writeFile(clock, '')
  while ((await stat(clock, { bigint: true })).ctimeNs === writtenAt)
  return { a, b, afterTick: Date.now() + TICK_MS + 1_000, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

describe('stamps', () => {
  it('hold while nothing changes', async () => {
    await using files = await folder()
    const stamps = await stampsOf([files.a, files.b], files.afterTick)
    expect(await areUnchanged(stamps!)).toBe(true)
  })

  it.each<[string, (files: { a: string; b: string }) => Promise<void>]>([
    ['is written to', ({ a }) => writeFile(a, 'longer')],
    ['is deleted', ({ a }) => unlink(a)],
    ['has another put in its place', ({ a, b }) => rename(b, a)],
    ['gets other rights', ({ a }) => chmod(a, 0o600)],
  ])('are broken when a file %s', async (_name, change) => {
    await using files = await folder()
    const stamps = await stampsOf([files.a, files.b], files.afterTick)
    await change(files)
    expect(await areUnchanged(stamps!)).toBe(false)
  })

  it('are broken by a change of the same length whose mtime was set back', async () => {
    await using files = await folder()
    const stamps = await stampsOf([files.a], files.afterTick)
    await writeFile(files.a, 'two')
    await utimes(files.a, LONG_AGO, LONG_AGO)
    expect(await areUnchanged(stamps!)).toBe(false)
  })

  it('are not given for a file that changed within a tick, where a further change might not show', async () => {
    await using files = await folder()
    expect(await stampsOf([files.a], Date.now())).toBeUndefined()
  })

  it('are not given for a file that is not there', async () => {
    await using files = await folder()
    expect(await stampsOf([files.a, `${files.b}.missing`], files.afterTick)).toBeUndefined()
  })
})
