import { Pool } from '@troupe/runtime'
import { type FilePart, fetchFile, PushedFiles, type PushFileService, pushFileService } from '@troupe/runtime/files'
import { describe, expect, it } from 'vitest'
import { drafts, openScratch, spawnFiles } from './scratch.ts'

const BYTES = Uint8Array.of(1)
const SOURCE = { async *fetch(): AsyncGenerator<FilePart> {} }

/** What a program without types can do. */
const call = async (target: object, method: string, ...args: unknown[]): Promise<unknown> =>
  Reflect.apply(Reflect.get(target, method), target, args)
const fetching = (...args: unknown[]): Promise<unknown> => call({ fetchFile }, 'fetchFile', ...args)
const pushed = (...args: unknown[]): PushedFiles => Reflect.construct(PushedFiles, args)

describe('what can not be right is BAD_OPTIONS, and says what was expected', () => {
  it.each<[string, () => unknown, string]>([
    ['PushedFiles: null', async () => pushed(null), 'options'],
    ['PushedFiles: 5', async () => pushed(5), 'options'],
    ['PushedFiles: an unknown option', async () => pushed({ maxByte: 5 }), 'maxBytes'],
    ['PushedFiles: a text for a number', async () => pushed({ maxBytes: '5' }), 'a number of bytes from 0'],
    ['PushedFiles: below 0', async () => pushed({ maxBytes: -1 }), 'a number of bytes from 0'],
    ['PushedFiles: NaN', async () => pushed({ maxBytes: Number.NaN }), 'a number of bytes from 0'],
    ['PushedFiles: null for a number', async () => pushed({ maxBytes: null }), 'a number of bytes from 0'],
    ['connect: nothing', () => call(pushed(), 'connect'), '"store"'],
    ['connect: {}', () => call(pushed(), 'connect', {}), '"store"'],
    ['get: nothing', () => call(pushed(), 'get'), 'path'],
    ['get: 5', () => call(pushed(), 'get', 5), 'path'],
    ['get: no signal', () => call(pushed(), 'get', '/a', {}), 'AbortSignal'],
    ['push: nothing', () => call(pushed(), 'push'), 'path'],
    ['store: nothing', () => call(pushed(), 'store'), 'path'],
    ['store: a text for bytes', () => call(pushed(), 'store', '/a', 'text'), 'Uint8Array'],
    ['store: no options', () => call(pushed(), 'store', '/a', BYTES, 5), 'options'],
    ['store: an unknown option', () => call(pushed(), 'store', '/a', BYTES, { fixed: true }), 'isFixed'],
    ['fetchFile: nothing', () => fetching(), '"fetch"'],
    ['fetchFile: {}', () => fetching({}, '/a', '/b'), '"fetch"'],
    ['fetchFile: no path', () => fetching(SOURCE, undefined, '/b'), 'path'],
    ['fetchFile: no target', () => fetching(SOURCE, '/a'), 'target'],
    ['fetchFile: an empty target', () => fetching(SOURCE, '/a', ''), 'target'],
    ['fetchFile: a target with NUL', () => fetching(SOURCE, '/a', '/b\0c'), 'target'],
    ['push: an empty path', () => call(pushed(), 'push', ''), 'path'],
    ['push: a path with NUL', () => call(pushed(), 'push', '/a\0b'), 'path'],
    ['fetchFile: no stream', () => fetching({ fetch: () => 5 }, '/a', '/b'), 'stream'],
  ])('%s', async (_, act, expected) => {
    await expect(act()).rejects.toMatchObject({
      code: 'ERR_TROUPE_BAD_OPTIONS',
      message: expect.stringContaining(expected),
    })
  })

  it.each<[string, unknown, string]>([
    ['an unknown option', { path: ['/a'] }, 'known: paths, prefixes'],
    ['no options', 5, 'options'],
    ['a number for a list', { paths: 5 }, 'a list'],
    ['a text for a list', { paths: '/etc/passwd' }, 'a list'],
    ['a text for a list of folders', { prefixes: '/etc' }, 'a list'],
  ])('FileService: %s', async (_, options, expected) => {
    await using pool = new Pool()
    await expect(spawnFiles(pool, options as never)).rejects.toMatchObject({
      cause: { code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(expected) },
    })
  })

  it.each(['get', 'getCopy', 'store'])('PushFileService: %s of nothing', async (method) => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<PushFileService>({ name: 'pushed', ...pushFileService })
    await expect(call(proxy, method)).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_OPTIONS' })
  })
})

describe('a source that sends', () => {
  const HEAD = { size: 1, mode: 0o644, mtimeMs: 0 }

  it.each<[string, unknown[]]>([
    ['a number', [5]],
    ['null', [null]],
    ['nothing in place of bytes', [HEAD, undefined]],
    ['a text in place of bytes', [HEAD, 'a']],
    ['an empty head', [{}]],
    ['a head without a mode', [{ ...HEAD, mode: undefined }]],
    ['two heads', [HEAD, HEAD]],
  ])('%s is FILE_DAMAGED, and nothing is left', async (_, parts) => {
    await using scratch = await openScratch()
    const source = {
      async *fetch() {
        yield* parts as FilePart[]
      },
    }
    await expect(fetchFile(source, '/source', scratch.at('target'))).rejects.toMatchObject({
      code: 'ERR_TROUPE_FILE_DAMAGED',
      path: '/source',
    })
    expect(await drafts(scratch.folder)).toEqual([])
  })
})
