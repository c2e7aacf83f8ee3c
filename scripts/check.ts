/**
 * Every check that needs no running service: format and lint, types, dead code, which room imports which, and the
 * packages as they would be published. All of them run; the exit code is 1 if any failed.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
const packed = mkdtempSync(join(tmpdir(), 'troupe-pack-'))

interface Check {
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

function run({ name, command: [program, ...args] }: Check): boolean {
  const startMs = performance.now()
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8' })
  const isGood = status === 0
  const took = ((performance.now() - startMs) / 1000).toFixed(1)
  process.stderr.write(`${isGood ? '✓' : '✗'} ${name} (${took} s)\n`)
  if (!isGood) process.stderr.write(`${error ? `${error.message}\n` : ''}${stdout}${stderr}`)
  return isGood
}

const checks: Check[] = [
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'dead code', command: ['knip', '--no-progress'] },
  { name: 'rooms', command: ['node', 'scripts/rooms.ts'] },
  { name: 'pack', command: ['node', 'scripts/pack.ts', packed] },
]

try {
  let isGood = checks.map(run).every(Boolean)
  for (const file of readdirSync(packed)) {
    const tarball = join(packed, file)
    isGood = run({ name: `publint ${file}`, command: ['publint', 'run', '--strict', tarball] }) && isGood
    isGood = run({ name: `attw ${file}`, command: ['attw', '--profile', 'esm-only', tarball] }) && isGood
  }
  process.exitCode = isGood ? 0 : 1
} finally {
  rmSync(packed, { recursive: true })
}
