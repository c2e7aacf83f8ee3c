/**
 * Builds the published packages: esbuild writes the modules, `tsc` the declarations.
 * worker-host comes first, because runtime's declarations are checked against it.
 * Nothing is done when nothing has changed since the last time.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { glob, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build, type Plugin } from 'esbuild'

const root = dirname(import.meta.dirname)
const require = createRequire(import.meta.url)
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc')

const PACKAGES = [
  // Entries that are built together share their modules, as files that each of them loads: `testing` and `files` stand
  // alone, so that no thread loads a file more for them.
  { name: 'worker-host', together: [['index', 'owner', 'process', 'thread'], ['files'], ['testing']] },
  { name: 'runtime', together: [['index', 'nested'], ['files']] },
]

/**
 * What the room `files` has of other rooms it takes from the index, for there must be one `Service`, and one of each error.
 * Of functions that keep nothing there may be two.
 */
const classesOfTheIndex: Plugin = {
  name: 'classes-of-the-index',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/|^\.\/catalogue\.ts$/ }, ({ path }) =>
      /\/(context-id|require-options)\.ts$/.test(path) ? undefined : { path: './index.js', external: true },
    )
  },
}

const stampFile = join(root, 'node_modules', '.cache', 'troupe-build')
const stamp = await contentOf([
  'packages/*/{src/**/*.ts,tsconfig.json,package.json}',
  '*.json',
  '*.yaml',
  'scripts/build.ts',
])
const hasDist = (await Array.fromAsync(glob('packages/*/dist/index.d.ts', { cwd: root }))).length === PACKAGES.length
if (hasDist && (await readFile(stampFile, 'utf8').catch(() => '')) === stamp) process.exit(0)

for (const { name, together } of PACKAGES) {
  const folder = join(root, 'packages', name)
  // Built beside, then put in place: whoever loads the package meanwhile finds the old one, whole.
  const [dist, next, old] = ['dist', 'dist.next', 'dist.old'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await Promise.all([next, old].map((path) => rm(path, { recursive: true, force: true })))
  for (const entries of together) {
    const { outputFiles } = await build({
      write: false,
      entryPoints: entries.map((entry) => join(folder, 'src', `${entry}.ts`)),
      outdir: next,
      bundle: true,
      splitting: true, // the entries share one copy of every class, so `instanceof` holds across them
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node22.18',
      sourcemap: true,
      sourcesContent: false,
      logLevel: 'warning',
      plugins: entries.includes('files') && name === 'worker-host' ? [classesOfTheIndex] : [],
    })
    await mkdir(next, { recursive: true })
    await Promise.all(outputFiles.map(({ path, text }) => writeFile(path, inLatin(withClassNames(text)))))
  }
  await promisify(execFile)(process.execPath, [tsc, '-p', folder, '--outDir', next]).catch(
    (failure: { stdout: string }) => {
      process.stderr.write(failure.stdout)
      process.exit(1)
    },
  )
  await rename(dist, old).catch(() => {}) // there is none before the first build
  await rename(next, dist)
  await rm(old, { recursive: true, force: true })
}
await mkdir(dirname(stampFile), { recursive: true })
await writeFile(stampFile, stamp)
process.stderr.write(`built ${PACKAGES.map(({ name }) => `@troupe/${name}`).join(', ')}\n`)

/**
 * A class that names itself in its body is written as `var Name = class _Name {…}`, and has that name for its users. They
 * get their own back by this, and not by `keepNames`, which sets the names of functions too: of each closure, each time it
 * is made.
 */
function withClassNames(text: string): string {
  const renamed = [...text.matchAll(/^var (\w+) = class (_\1) /gm)]
  return renamed.reduce((named, [, name, inner]) => named.replaceAll(new RegExp(`\\b${inner}\\b`, 'g'), name!), text)
}

/** V8 keeps a source with any other letter in two bytes for each, in every thread; the only ones are in comments. */
function inLatin(text: string): string {
  return text.replaceAll('→', '->').replaceAll('…', '...')
}

/** A text that is another whenever one of the files is. */
async function contentOf(patterns: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  const files = await Array.fromAsync(glob(patterns, { cwd: root, exclude: ['**/node_modules/**'] }))
  for (const file of files.sort()) hash.update(`${file}\0`).update(await readFile(join(root, file)))
  return hash.digest('hex')
}
