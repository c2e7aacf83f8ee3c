/**
 * Makes a service module loadable by a thread. JavaScript is loaded as it is. TypeScript is bundled by esbuild, on the
 * owner's side: the files it imports by a relative path go in, packages stay outside and are resolved from where the
 * source stands, so the bundle may lie anywhere. `import.meta.url` stays that of each source file.
 *
 * Bundles are cached by content: a bundle's record names its inputs with their hashes, and it is used again as long as
 * none has changed. Which that is takes reading them all; what this process has found good once is only looked at.
 */
import { createHash, randomUUID } from 'node:crypto'
import { access, constants, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve as resolvePath } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Loader, Plugin } from 'esbuild'
import { areUnchanged, type Stamps, stampsOf } from './file-stamps.ts'

interface CacheRecord {
  readonly inputs: readonly { readonly path: string; readonly sha256: string }[]
  readonly file: string
}

const LOADERS: Readonly<Record<string, Loader>> = { '.ts': 'ts', '.mts': 'ts', '.cts': 'ts', '.tsx': 'tsx' }

const META = ['url', 'filename', 'dirname'] as const

/** What a bundle depends on besides its inputs; to be raised when the way of building changes. */
const RECIPE = 'troupe-1'

/** @returns the `file:` URL of a module that plain Node can import */
export async function loadableModule(moduleUrl: URL): Promise<string> {
  const source = fileURLToPath(moduleUrl)
  if (loaderOf(source) !== undefined) return pathToFileURL(await bundled(source)).href
  await stat(source)
  return moduleUrl.href
}

/** Services that are started together may share a module; it is built once. */
const building = new Map<string, Promise<string>>()

function bundled(source: string): Promise<string> {
  const running = building.get(source)
  if (running) return running
  const made = cachedOrBuilt(source).finally(() => building.delete(source))
  building.set(source, made)
  return made
}

/** By source: the bundles that were found good, and by which files. */
const verified = new Map<string, { readonly file: string; readonly stamps: Stamps }>()

async function cachedOrBuilt(source: string): Promise<string> {
  const before = verified.get(source)
  if (before && (await areUnchanged(before.stamps))) return before.file
  verified.delete(source)
  await stat(source) // a missing file is told by its name, not by the bundler's words
  const folder = await cacheFolder(source)
  const recordFile = join(folder, `${sha256(`${RECIPE}\0${process.version}\0${source}`).slice(0, 32)}.json`)
  const known = await readRecord(recordFile)
  if (known) {
    const stamps = await stampsOf([known.file, ...known.inputs.map(({ path }) => path)])
    if (await isFresh(known)) {
      if (stamps) verified.set(source, { file: known.file, stamps })
      return known.file
    }
  }
  const { text, inputs } = await build(source)
  const file = join(folder, `${sha256(text).slice(0, 32)}.mjs`)
  await writeWhole(file, text)
  await writeWhole(recordFile, JSON.stringify({ inputs, file } satisfies CacheRecord))
  return file
}

async function build(source: string): Promise<{ text: string; inputs: CacheRecord['inputs'] }> {
  const esbuild = await import('esbuild')
  const folder = dirname(source)
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: [source],
    absWorkingDir: folder,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: `node${process.versions.node}`,
    sourcemap: 'inline',
    sourcesContent: false,
    keepNames: true,
    logLevel: 'silent',
    absPaths: ['log'],
    outfile: `${source}.mjs`,
    define: Object.fromEntries(META.map((name) => [`import.meta.${name}`, `__troupe_${name}`])),
    plugins: [packagesOutside, ownImportMeta],
  })
  const paths = Object.keys(metafile.inputs).map((path) => resolvePath(folder, path))
  const inputs = await Promise.all(paths.map(async (path) => ({ path, sha256: sha256(await readFile(path, 'utf8')) })))
  return { text: absoluteSources(outputFiles[0]!.text, folder), inputs }
}

/** Packages are imported by the absolute URL that they have from the importing file. */
const packagesOutside: Plugin = {
  name: 'packages-outside',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === RECIPE || path.startsWith('node:')) return undefined
      const found = await resolve(path, { importer, kind, resolveDir, pluginData: RECIPE })
      if (found.errors.length > 0) return { errors: found.errors }
      return found.external ? found : { path: pathToFileURL(found.path).href, external: true }
    })
  },
}

/** Gives each source file its own `import.meta`, on its first line to keep line numbers. */
const ownImportMeta: Plugin = {
  name: 'own-import-meta',
  setup({ onLoad }) {
    onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const own: Record<(typeof META)[number], string> = {
        url: pathToFileURL(path).href,
        filename: path,
        dirname: dirname(path),
      }
      const used = META.filter((name) => text.includes(`import.meta.${name}`))
      const prologue = used.map((name) => `const __troupe_${name} = ${JSON.stringify(own[name])};`).join('')
      return { contents: prologue + text, loader: loaderOf(path) ?? 'js' }
    })
  },
}

/** Source maps name files relative to the bundle, which does not stay where esbuild thinks it is. */
function absoluteSources(text: string, folder: string): string {
  const marker = '//# sourceMappingURL=data:application/json;base64,'
  const at = text.lastIndexOf(marker)
  const map = JSON.parse(Buffer.from(text.slice(at + marker.length).trim(), 'base64').toString()) as {
    sources: string[]
  }
  map.sources = map.sources.map((source) => pathToFileURL(resolvePath(folder, source)).href)
  return `${text.slice(0, at)}${marker}${Buffer.from(JSON.stringify(map)).toString('base64')}\n`
}

/**
 * `node_modules/.cache/troupe` of the nearest package that has a `node_modules`; where that can't be written (installed
 * by another user, read-only) a folder of this user's own among the temporary files.
 */
async function cacheFolder(source: string): Promise<string> {
  for (let at = dirname(source); at !== dirname(at); at = dirname(at)) {
    const modules = join(at, 'node_modules')
    if (!(await stat(modules).catch(() => undefined))) continue
    const folder = join(modules, '.cache', 'troupe')
    if (await isOwn(folder)) return folder
    break
  }
  const folder = join(tmpdir(), `troupe-${process.getuid?.() ?? 'cache'}`)
  if (await isOwn(folder)) return folder
  throw new Error(`no folder to build "${source}" in: "${folder}" can't be written, or is another user's`)
}

/** What lies in the folder is run, so nobody else may have made it, or write to it. */
async function isOwn(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await access(folder, constants.W_OK | constants.X_OK)
    const { uid } = await stat(folder)
    return process.getuid === undefined || uid === process.getuid()
  } catch {
    return false
  }
}

async function readRecord(file: string): Promise<CacheRecord | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as CacheRecord
  } catch {
    return undefined // not built yet, or by a writer that was cut off: it is built anew
  }
}

async function isFresh({ inputs, file }: CacheRecord): Promise<boolean> {
  const checks = inputs.map(async (input) => sha256(await readFile(input.path, 'utf8')) === input.sha256)
  const results = await Promise.all([stat(file).then(() => true), ...checks]).catch(() => [false])
  return results.every(Boolean)
}

/** Two processes may write the same file; each writes its own and renames it, so no reader sees half of one. */
async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`
  await writeFile(draft, text)
  await rename(draft, file)
}

const loaderOf = (path: string): Loader | undefined => LOADERS[path.slice(path.lastIndexOf('.'))]
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
