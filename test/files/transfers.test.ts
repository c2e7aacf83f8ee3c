import { chmod, mkdir, open, readdir, readFile, readlink, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Pool } from '@troupe/runtime'
import { type FileHead, type FilePart, type FileSource, fetchFile } from '@troupe/runtime/files'
import { describe, expect, it } from 'vitest'
import { drafts, openScratch, sha256, spawnFiles } from './scratch.ts'

/** More than a transfer has on its way at once. */
const LONG = 64 * 1024 * 1024

/** How often this process has the file open; Linux only. */
async function descriptorsOf(path: string): Promise<number> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''))
  return (await Promise.all(links)).filter((link) => link === path).length
}

describe('a transfer', () => {
  it.each([0, 1, 16 * 1024, 16 * 1024 + 1, 128 * 1024, 128 * 1024 + 1, 3_000_000])(
    'of %d bytes arrives whole, with its mode, its mtime and its SHA-256',
    async (bytes) => {
      await using scratch = await openScratch()
      await using pool = new Pool()
      const source = await scratch.file('source', bytes)
      await chmod(source, 0o640)
      await utimes(source, 1_000_000_000, 1_234_567_890)
      const { proxy } = await spawnFiles(pool, { paths: [source] })

      const fetched = await fetchFile(proxy, source, scratch.at('target'))

      const hash = await sha256(source)
      expect(fetched).toEqual({ size: bytes, mode: 0o640, mtimeMs: 1_234_567_890_000, sha256: hash })
      expect(await sha256(scratch.at('target'))).toBe(hash)
      const { mode, mtimeMs } = await stat(scratch.at('target'))
      expect({ mode: mode & 0o777, mtimeMs }).toEqual({ mode: 0o640, mtimeMs: 1_234_567_890_000 })
      expect(await readdir(scratch.folder)).toEqual(['source', 'target'])
    },
  )

  it('leaves out the bits that would give rights away', async () => {
    await using scratch = await openScratch()
    await using pool = new Pool()
    const source = await scratch.file('source', 10)
    await chmod(source, 0o4755)
    const { proxy } = await spawnFiles(pool, { paths: [source] })
    await fetchFile(proxy, source, scratch.at('target'))
    expect((await stat(scratch.at('target'))).mode & 0o7777).toBe(0o755)
  })

  it('replaces the target in one step: who has it open goes on reading the old one', async () => {
    await using scratch = await openScratch()
    await using pool = new Pool()
    const source = await scratch.file('source', 10)
    await writeFile(scratch.at('target'), 'old content')
    await using reader = await open(scratch.at('target'))
    const { proxy } = await spawnFiles(pool, { paths: [source] })
    await fetchFile(proxy, source, scratch.at('target'))
    expect(await reader.readFile('utf8')).toBe('old content')
    expect(await sha256(scratch.at('target'))).toBe(await sha256(source))
  })

  it('16 at once arrive whole, each its own file, also when two write to one target', async () => {
    await using scratch = await openScratch()
    await using pool = new Pool()
    const sources = await Promise.all(Array.from({ length: 8 }, (_, n) => scratch.file(`source-${n}`, 500_000 + n)))
    const { proxy } = await spawnFiles(pool, { prefixes: [scratch.folder] })
    const transfers = [...sources, ...sources].map((source, n) =>
      fetchFile(proxy, source, scratch.at(n < 8 ? `target-${n}` : 'contended')),
    )
    const fetched = await Promise.all(transfers)
    for (const [n, source] of sources.entries()) {
      const hash = await sha256(source)
      expect(await sha256(scratch.at(`target-${n}`))).toBe(hash)
      expect(fetched[n]!.sha256).toBe(hash)
    }
    expect(fetched.map(({ sha256 }) => sha256)).toContain(await sha256(scratch.at('contended')))
    expect(await drafts(scratch.folder)).toEqual([])
  })
})

describe('a transfer that fails', () => {
  it.each<[string, (path: string, mtimeMs: number) => Promise<void>]>([
    ['is cut', (path) => truncate(path, 1_000)],
    ['grows', (path) => truncate(path, LONG + 1)],
    [
      'is written to',
      async (path) => {
        const handle = await open(path, 'r+')
        await handle.write('x', 0)
        await handle.close()
        await utimes(path, 1, 1) // the clock of a file system may be too coarse to tell the two moments apart
      },
    ],
  ])('because the file %s meanwhile tells FILE_CHANGED and closes it', async (_, change) => {
    await using scratch = await openScratch()
    await using pool = new Pool()
    const source = scratch.at('source')
    await writeFile(source, '')
    await truncate(source, LONG)
    const { proxy } = await spawnFiles(pool, { paths: [source] })
    const parts = proxy.fetch(source)
    const { size } = (await parts.next()).value as FileHead
    expect(size).toBe(LONG)
    await change(source, 1)
    const read = async (): Promise<void> => {
      for await (const _ of parts);
    }
    await expect(read()).rejects.toMatchObject({ code: 'ERR_TROUPE_FILE_CHANGED', path: source })
    expect(await descriptorsOf(source)).toBe(0)
  })

  it('because its signal aborts rejects with the reason, keeps the old target, and closes the file', async () => {
    await using scratch = await openScratch()
    await using pool = new Pool()
    const source = scratch.at('source')
    await writeFile(source, '')
    await truncate(source, LONG)
    await writeFile(scratch.at('target'), 'old')
    const files = await spawnFiles(pool, { paths: [source] })
    const aborting = new AbortController()
    const { fetch } = files.proxy.$with({ signal: aborting.signal })
    const watched: FileSource = {
      async *fetch(path) {
        for await (const part of fetch(path)) {
          yield part
          if (part instanceof Uint8Array) aborting.abort(new RangeError('enough'))
        }
      },
    }
    await expect(fetchFile(watched, source, scratch.at('target'))).rejects.toThrow(new RangeError('enough'))
    expect(await readFile(scratch.at('target'), 'utf8')).toBe('old')
    expect(await drafts(scratch.folder)).toEqual([])
    await files.stop()
    expect(await descriptorsOf(source)).toBe(0)
  })

  it('because its service is killed rejects SERVICE_CRASHED, and leaves nothing', async () => {
    await using scratch = await openScratch()
    await using pool = new Pool()
    const source = scratch.at('source')
    await writeFile(source, '')
    await truncate(source, LONG)
    const files = await spawnFiles(pool, { paths: [source] })
    const killing: FileSource = {
      async *fetch(path) {
        for await (const part of files.proxy.fetch(path)) {
          yield part
          if (part instanceof Uint8Array) await files.kill()
        }
      },
    }
    await expect(fetchFile(killing, source, scratch.at('target'))).rejects.toMatchObject({
      code: 'ERR_TROUPE_SERVICE_CRASHED',
    })
    expect(await readdir(scratch.folder)).toEqual(['source'])
  })

  it.each([
    ['the target is a folder', 'folder'],
    ['the folder of the target is not there', 'none/target'],
  ])('because %s rejects as the file system does, and leaves nothing', async (_, target) => {
    await using scratch = await openScratch()
    await using pool = new Pool()
    await mkdir(scratch.at('folder'))
    await mkdir(scratch.at('folder', 'full'))
    const source = await scratch.file('source', 100_000)
    const { proxy } = await spawnFiles(pool, { paths: [source] })
    await expect(fetchFile(proxy, source, scratch.at(target))).rejects.toMatchObject({
      code: expect.stringMatching(/^(EISDIR|ENOENT|ENOTEMPTY)$/),
    })
    expect(await drafts(scratch.folder)).toEqual([])
  })
})

describe('a source that sends', () => {
  const HEAD: FileHead = { size: 3, mode: 0o644, mtimeMs: 0 }
  const BYTES = Uint8Array.of(1, 2, 3)
  const END = { sha256: '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81' }
  const from = (...parts: FilePart[]): FileSource => ({
    async *fetch() {
      for (const part of parts) yield structuredClone(part)
    },
  })

  it('all that it announced is believed', async () => {
    await using scratch = await openScratch()
    await fetchFile(from(HEAD, BYTES, END), '/source', scratch.at('target'))
    expect([...(await readFile(scratch.at('target')))]).toEqual([1, 2, 3])
  })

  it.each<[string, FilePart[]]>([
    ['nothing', []],
    ['no head', [BYTES, END]],
    ['no content', [HEAD, END]],
    ['too little', [HEAD, BYTES.subarray(1), END]],
    ['too much', [HEAD, BYTES, BYTES, END]],
    ['no end', [HEAD, BYTES]],
    ['another checksum', [HEAD, BYTES, { sha256: '0'.repeat(64) }]],
    ['other content', [HEAD, Uint8Array.of(1, 2, 4), END]],
  ])('%s is FILE_DAMAGED, and the draft is removed', async (_, parts) => {
    await using scratch = await openScratch()
    const fetched = fetchFile(from(...parts), '/source', scratch.at('target'))
    await expect(fetched).rejects.toMatchObject({ code: 'ERR_TROUPE_FILE_DAMAGED', path: '/source' })
    expect(await readdir(scratch.folder)).toEqual([])
  })

  it('its draft beside the target, for nobody else to read until it is whole', async () => {
    await using scratch = await openScratch()
    const seen: [names: string[], mode: number][] = []
    const watched: FileSource = {
      async *fetch(path) {
        for await (const part of from(HEAD, BYTES, END).fetch(path)) {
          yield part
          const names = await readdir(scratch.folder)
          if (names[0]) seen.push([names, (await stat(scratch.at(names[0]))).mode & 0o777])
        }
      },
    }
    await fetchFile(watched, '/source', scratch.at('target'))
    expect(seen).toHaveLength(3)
    for (const [names, mode] of seen) {
      expect(names).toEqual([expect.stringMatching(/^target\..*\.part$/)])
      expect(mode).toBe(0o600)
    }
    expect(dirname(scratch.at('target'))).toBe(scratch.folder)
  })
})
