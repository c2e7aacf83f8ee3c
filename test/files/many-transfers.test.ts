import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const MAIN = new URL('../../packages/bench/transfers/main.ts', import.meta.url).pathname

async function transfers(...options: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-many-'))
  const running = promisify(execFile)(process.execPath, [MAIN, '--folder', folder, ...options])
  const { stdout, stderr, code } = await running.then(
    (ended) => ({ ...ended, code: 0 }),
    (error) => error as { stdout: string; stderr: string; code: number },
  )
  const left = await readdir(folder)
  await rm(folder, { recursive: true })
  return { stdout, stderr, code, left }
}

describe('many transfers at once', () => {
  it('all arrive, in little memory, beside those of the system, and nothing of them is left', async () => {
    const { stdout, code, left } = await transfers('--files', '4', '--mebibytes', '8')
    expect(stdout).toMatch(/^4 × 8 MiB at once$/m)
    expect(stdout).toMatch(/^FileService +\d+ MiB\/s, at most \d+ MiB above idle$/m)
    expect(stdout).toMatch(/^cp +\d+ MiB\/s$/m)
    expect(stdout).toMatch(/^cat \| cat +\d+ MiB\/s$/m)
    expect(stdout).toContain('✓ all 12 files arrived')
    expect(stdout).toMatch(/^✓ [\d.]+ MiB of memory above idle, the limit is 100$/m)
    expect({ code, left }).toEqual({ code: 0, left: [] })
  })

  it('that take more memory than the limit end with 1, and still leave nothing', async () => {
    const { stdout, code, left } = await transfers('--files', '4', '--mebibytes', '8', '--limit', '1')
    expect(stdout).toMatch(/^✗ [\d.]+ MiB of memory above idle, the limit is 1$/m)
    expect({ code, left }).toEqual({ code: 1, left: [] })
  })

  it('of no number end with 2', async () => {
    const { stderr, code, left } = await transfers('--files', 'many')
    expect(stderr).toContain('expected a whole number above 0, found "many"')
    expect({ code, left }).toEqual({ code: 2, left: [] })
  })
})
