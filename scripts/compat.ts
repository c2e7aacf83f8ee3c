/**
 * Runs the tests on the oldest Node that Troupe promises to work on, and on the releases between that and the one it is
 * built with. Each comes from the npm package `node`, kept in `node_modules/.cache/compat`.
 *
 *     npm run test:compat                     every test, on each of them
 *     npm run test:compat -- test/lifecycle   some tests
 *
 * The exit code is 1 if any of them failed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'

/** The first is what `engines` says: tests hold it to that release, not to the newest of its line. */
const VERSIONS = ['22.18.0', '24']

const root = dirname(import.meta.dirname)
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const files = process.argv.slice(2)

function binFolder(version: string): string {
  const folder = join(root, 'node_modules', '.cache', 'compat', version)
  const bin = join(folder, 'node_modules', '.bin')
  if (existsSync(join(bin, 'node'))) return bin
  mkdirSync(folder, { recursive: true })
  // By default npm goes up to the next package.json, which is this repository's.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `node@${version}`]
  const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' })
  if (status === 0) return bin
  rmSync(folder, { recursive: true })
  throw new Error(`node@${version} could not be installed: ${stderr}`)
}

const failed = VERSIONS.filter((version) => {
  const bin = binFolder(version)
  process.stderr.write(`node ${version}\n`)
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
  return spawnSync(join(bin, 'node'), [vitest, 'run', ...files], { cwd: root, env, stdio: 'inherit' }).status !== 0
})
if (failed.length > 0) process.stderr.write(`failed on node ${failed.join(', ')}\n`)
process.exitCode = failed.length > 0 ? 1 : 0
