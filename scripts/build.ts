/**
 * Builds the published packages: esbuild writes the modules, `tsc` the declarations.
 * worker-host comes first, because runtime's declarations are checked against it.
 * Nothing is done when nothing has changed since the last time.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const root = dirname(import.meta.dirname)
const require = createRequire(import.meta.url)
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc')

const PACKAGES = [
  { name: 'worker-host', entries: ['index', 'owner', 'thread'] },
  { name: 'runtime', entries: ['index'] },
]

const stampFile = join(root, 'node_modules', '.cache', 'troupe-build')
const stamp = await contentOf([
  'packages/*/{src/**/*.ts,tsconfig.json,package.json}',
  '*.json',
  '*.yaml',
  'scripts/build.ts',
])
const hasDist = (await Array.fromAsync(glob('packages/*/dist/index.d.ts', { cwd: root }))).length === PACKAGES.length
if (hasDist && (await readFile(stampFile, 'utf8').catch(() => '')) === stamp) process.exit(0)

for (const { name, entries } of PACKAGES) {
  const folder = join(root, 'packages', name)
  const dist = join(folder, 'dist')
  await rm(dist, { recursive: true, force: true })
  await build({
    entryPoints: entries.map((entry) => join(folder, 'src', `${entry}.ts`)),
    outdir: dist,
    bundle: true,
    splitting: true, // the entries share one copy of every class, so `instanceof` holds across them
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    sourcemap: true,
    sourcesContent: false,
    keepNames: true,
    logLevel: 'warning',
  })
  await promisify(execFile)(process.execPath, [tsc, '-p', folder]).catch((failure: { stdout: string }) => {
    process.stderr.write(failure.stdout)
    process.exit(1)
  })
}
await mkdir(dirname(stampFile), { recursive: true })
await writeFile(stampFile, stamp)
process.stderr.write(`built ${PACKAGES.map(({ name }) => `@troupe/${name}`).join(', ')}\n`)

/** A text that is another whenever one of the files is. */
async function contentOf(patterns: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  const files = await Array.fromAsync(glob(patterns, { cwd: root, exclude: ['**/node_modules/**'] }))
  for (const file of files.sort()) hash.update(`${file}\0`).update(await readFile(join(root, file)))
  return hash.digest('hex')
}
