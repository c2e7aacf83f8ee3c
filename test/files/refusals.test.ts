import { link, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { Pool } from '@troupe/runtime'
import { fetchFile } from '@troupe/runtime/files'
import { describe, expect, it } from 'vitest'
import { drafts, openScratch, spawnFiles } from './scratch.ts'

type Scratch = Awaited<ReturnType<typeof openScratch>>

/** `open` is registered with all that is in it, `alone/file` by itself; `secret` is not. */
async function openTree() {
  const scratch = await openScratch()
  const { at } = scratch
  for (const folder of ['open', 'open/deep', 'open-too', 'alone', 'secret']) await mkdir(at(folder))
  for (const file of ['open/file', 'open/deep/file', 'open-too/file', 'alone/file', 'alone/other', 'secret/file']) {
    await writeFile(at(file), file)
  }
  return scratch
}

const HERE: readonly [what: string, path: (tree: Scratch) => Promise<string> | string, reason: string][] = [
  ['an empty path', () => '', 'malformed'],
  ['a relative path', () => 'open/file', 'malformed'],
  ['a path with ".." that stays inside', ({ folder }) => `${folder}/open/deep/../file`, 'malformed'],
  ['a path with ".." that leads out', ({ folder }) => `${folder}/open/../secret/file`, 'malformed'],
  ['a path with "."', ({ folder }) => `${folder}/open/./file`, 'malformed'],
  ['a path with an empty part', ({ folder }) => `${folder}/open//file`, 'malformed'],
  ['a path with a slash at its end', ({ folder }) => `${folder}/open/file/`, 'malformed'],
  ['a path that begins with two slashes', ({ folder }) => `/${folder}/open/file`, 'malformed'],
  ['a path with a NUL', ({ at }) => `${at('open/file')}\0.txt`, 'malformed'],
  ['a file: URL', ({ at }) => `file://${at('open/file')}`, 'malformed'],
  ['a file that is not registered', ({ at }) => at('secret/file'), 'unregistered'],
  ['a file that is not there, and not registered', ({ at }) => at('secret/none'), 'unregistered'],
  ['a folder beside a registered one, with a longer name', ({ at }) => at('open-too/file'), 'unregistered'],
  ['a file beside a registered file', ({ at }) => at('alone/other'), 'unregistered'],
  ['a registered file as if it were a folder', ({ at }) => at('alone/file/file'), 'unregistered'],
  ['the registered folder itself', ({ at }) => at('open'), 'unregistered'],
  ['a file that is not there', ({ at }) => at('open/none'), 'missing'],
  ['a file below a file', ({ at }) => at('open/file/file'), 'missing'],
  ['a name that no file system takes', ({ at }) => at('open', 'x'.repeat(300)), 'missing'],
  ['a folder in a registered folder', ({ at }) => at('open/deep'), 'notAFile'],
  [
    'a FIFO, without waiting for its writer',
    ({ at, makeFifo }) => {
      makeFifo('open/fifo')
      return at('open/fifo')
    },
    'notAFile',
  ],
  ['a link to a device', ({ at }) => linked('/dev/zero', at('open/device')), 'unregistered'],
  ['a link to a file outside', ({ at }) => linked(at('secret/file'), at('open/link')), 'unregistered'],
  ['a relative link to a file outside', ({ at }) => linked('../secret/file', at('open/link')), 'unregistered'],
  [
    'a file in a linked folder outside',
    async ({ at }) => `${await linked(at('secret'), at('open/link'))}/file`,
    'unregistered',
  ],
  ['a link to a folder inside', ({ at }) => linked(at('open/deep'), at('open/link')), 'notAFile'],
  ['a link that leads nowhere', ({ at }) => linked(at('open/none'), at('open/link')), 'missing'],
  ['a link to itself', ({ at }) => linked(at('open/link'), at('open/link')), 'missing'],
  [
    'a registered file that has become a link to one outside',
    async ({ at }) => {
      await rm(at('alone/file'))
      return linked(at('secret/file'), at('alone/file'))
    },
    'unregistered',
  ],
  [
    'a registered folder that has become a link to one outside',
    async ({ at }) => {
      await rename(at('open'), at('moved'))
      return `${await linked(at('secret'), at('open'))}/file`
    },
    'unregistered',
  ],
]

async function linked(target: string, path: string): Promise<string> {
  await symlink(target, path)
  return path
}

describe('a file service', () => {
  it.each(HERE)('refuses %s', async (_, path, reason) => {
    await using tree = await openTree()
    await using pool = new Pool()
    const { proxy } = await spawnFiles(pool, { paths: [tree.at('alone/file')], prefixes: [tree.at('open')] })
    await expect(fetchFile(proxy, await path(tree), tree.at('target'))).rejects.toMatchObject({
      code: 'ERR_TROUPE_FILE_REFUSED',
      reason,
    })
    expect(await drafts(tree.folder)).toEqual([])
  })

  it('refuses what is no text', async () => {
    await using pool = new Pool()
    const { proxy } = await spawnFiles(pool)
    const refused = { code: 'ERR_TROUPE_FILE_REFUSED', reason: 'malformed' }
    await expect(proxy.fetch(7 as never).next()).rejects.toMatchObject(refused)
    await expect(proxy.register(7 as never)).rejects.toMatchObject(refused)
  })

  it('refuses a socket', async () => {
    await using tree = await openTree()
    await using pool = new Pool()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(tree.at('open/socket'), resolve))
    await using _ = server
    const { proxy } = await spawnFiles(pool, { prefixes: [tree.at('open')] })
    await expect(fetchFile(proxy, tree.at('open/socket'), tree.at('target'))).rejects.toMatchObject({
      code: 'ERR_TROUPE_FILE_REFUSED',
      reason: 'notAFile',
    })
  })

  it('refuses a device in a registered folder', async () => {
    await using pool = new Pool()
    await using tree = await openTree()
    const { proxy } = await spawnFiles(pool, { prefixes: ['/dev'] })
    await expect(fetchFile(proxy, '/dev/zero', tree.at('target'))).rejects.toMatchObject({ reason: 'notAFile' })
  })

  it.each<[string, (tree: Scratch) => Promise<string> | string]>([
    ['a registered file', ({ at }) => at('alone/file')],
    ['a file in a registered folder', ({ at }) => at('open/file')],
    ['a file deep in a registered folder', ({ at }) => at('open/deep/file')],
    ['a link to a file inside', ({ at }) => linked(at('open/deep/file'), at('open/link'))],
    ['a link to another registered file', ({ at }) => linked(at('alone/file'), at('open/link'))],
    [
      'a second name of a file outside, which is a file like any other',
      async ({ at }) => {
        await link(at('secret/file'), at('open/hard'))
        return at('open/hard')
      },
    ],
    [
      'a file that came after the registration',
      async ({ at }) => {
        await writeFile(at('open/new'), '')
        return at('open/new')
      },
    ],
  ])('sends %s', async (_, path) => {
    await using tree = await openTree()
    await using pool = new Pool()
    const { proxy } = await spawnFiles(pool, { paths: [tree.at('alone/file')], prefixes: [tree.at('open')] })
    const asked = await path(tree)
    await fetchFile(proxy, asked, tree.at('target'))
  })

  it('sends a file that was registered by a link, by that name and by its own', async () => {
    await using tree = await openTree()
    await using pool = new Pool()
    const { proxy } = await spawnFiles(pool)
    await linked(tree.at('open'), tree.at('link'))
    await proxy.registerPrefix(tree.at('link'))
    for (const path of ['link/file', 'open/file']) await fetchFile(proxy, tree.at(path), tree.at('target'))
  })
})

describe('registering', () => {
  it.each([
    ['register', 'a relative path', 'open/file', 'malformed'],
    ['register', 'a path with ".."', '/tmp/../etc/passwd', 'malformed'],
    ['register', 'a file that is not there', '/tmp/troupe/none', 'missing'],
    ['register', 'a folder', '/', 'notAFile'],
    ['register', 'a device', '/dev/null', 'notAFile'],
    ['registerPrefix', 'a relative path', '.', 'malformed'],
    ['registerPrefix', 'a path with a NUL', '/\0', 'malformed'],
    ['registerPrefix', 'a folder that is not there', '/tmp/troupe/none', 'missing'],
    ['registerPrefix', 'a device', '/dev/null', 'notAFolder'],
  ] as const)('by %s refuses %s', async (method, _, path, reason) => {
    await using pool = new Pool()
    const { proxy } = await spawnFiles(pool)
    await expect(proxy[method](path)).rejects.toMatchObject({ code: 'ERR_TROUPE_FILE_REFUSED', reason, path })
  })

  it('takes effect at once, and twice is as once', async () => {
    await using tree = await openTree()
    await using pool = new Pool()
    const { proxy } = await spawnFiles(pool)
    const fetched = () => fetchFile(proxy, tree.at('alone/file'), tree.at('target'))
    await expect(fetched()).rejects.toMatchObject({ reason: 'unregistered' })
    for (let n = 0; n < 2; n++) await proxy.register(tree.at('alone/file'))
    expect(await fetched()).toMatchObject({ size: 10 })
  })

  it('the root of the file system opens all of it', async () => {
    await using tree = await openTree()
    await using pool = new Pool()
    const { proxy } = await spawnFiles(pool, { prefixes: ['/'] })
    await fetchFile(proxy, tree.at('secret/file'), tree.at('target'))
  })

  it('a path that is refused keeps a service from starting', async () => {
    await using pool = new Pool()
    await expect(spawnFiles(pool, { paths: ['/tmp/troupe/none'] })).rejects.toMatchObject({
      cause: { code: 'ERR_TROUPE_FILE_REFUSED' },
    })
  })
})
