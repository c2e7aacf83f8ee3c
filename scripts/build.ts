/**
 * Builds the published packages: esbuild writes the modules, `tsc` the declarations.
 * worker-host comes first, because runtime's declarations are checked against it.
 */
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
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
process.stderr.write(`built ${PACKAGES.map(({ name }) => `@troupe/${name}`).join(', ')}\n`)
