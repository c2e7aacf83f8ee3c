import { once } from 'node:events'
import { mkdir, open, rename, symlink, writeFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { Service } from '@troupe/worker-host'
import { FileService, PushFileService } from '@troupe/worker-host/files'
import { describe, expect, it } from 'vitest'
import { methodTable } from '../../packages/worker-host/src/access/method-table.ts'
import { isAt, openRegistered } from '../../packages/worker-host/src/files/open-registered.ts'
import { RegisteredPaths, refusalOf } from '../../packages/worker-host/src/files/registered-paths.ts'
import { openScratch } from './scratch.ts'

/** `open/file` may be sent, and `secret/file` may not. */
async function openTree() {
  const scratch = await openScratch()
  for (const folder of ['open', 'secret']) {
    await mkdir(scratch.at(folder))
    await writeFile(scratch.at(folder, 'file'), folder)
  }
  await symlink(scratch.at('secret'), scratch.at('link'))
  const paths = new RegisteredPaths()
  await paths.registerPrefix(scratch.at('open'))
  return { ...scratch, paths }
}

/** Puts a link to `secret` in the place of `open`, and `open` back, until it is told to stop. */
const SWAPPER = `
  const { parentPort, workerData: { folder, over } } = require('node:worker_threads')
  const { renameSync } = require('node:fs')
  const move = (from, to) => renameSync(folder + '/' + from, folder + '/' + to)
  parentPort.postMessage('ready')
  while (Atomics.load(over, 0) === 0) {
    move('open', 'aside')
    move('link', 'open')
    move('open', 'link')
    move('aside', 'open')
  }
`

describe('opening', () => {
  it('never gives a file outside, while the folder is swapped for a link again and again', async () => {
    await using tree = await openTree()
    const over = new Int32Array(new SharedArrayBuffer(4))
    const swapper = new Worker(SWAPPER, { eval: true, workerData: { folder: tree.folder, over } })
    await once(swapper, 'message')
    const seen = new Set<string>()
    const attempts = Array.from({ length: 4 }, async () => {
      for (let n = 0; n < 1_500; n++) {
        try {
          const { handle } = await openRegistered(tree.paths, tree.at('open/file'))
          seen.add(await handle.readFile('utf8'))
          await handle.close()
        } catch (error) {
          seen.add((error as { code: string }).code)
        }
      }
    })
    await Promise.all(attempts)
    over[0] = 1
    await once(swapper, 'exit')
    expect([...seen].filter((found) => found !== 'open' && found !== 'ERR_TROUPE_FILE_REFUSED')).toEqual([])
  })
})

describe('a place', () => {
  it.each<[string, boolean, (tree: Awaited<ReturnType<typeof openTree>>) => Promise<void>]>([
    ['holds the open file', true, async () => {}],
    ['holds another file by now', false, ({ at }) => rename(at('secret/file'), at('open/file'))],
    ['is empty by now', false, ({ at }) => rename(at('open/file'), at('open/moved'))],
    [
      'leads to the open file by a link',
      false,
      async ({ at }) => {
        await rename(at('open'), at('moved'))
        await symlink(at('moved'), at('open'))
      },
    ],
  ])('that %s: %s', async (_, expected, change) => {
    await using tree = await openTree()
    await using handle = await open(tree.at('open/file'))
    const stats = await handle.stat({ bigint: true })
    await change(tree)
    expect(await isAt(tree.at('open/file'), stats)).toBe(expected)
  })
})

describe('the file system says', () => {
  it.each([
    ['ENOENT', 'missing'],
    ['ENOTDIR', 'missing'],
    ['ELOOP', 'missing'],
    ['ENAMETOOLONG', 'missing'],
    ['EACCES', 'unreadable'],
    ['EPERM', 'unreadable'],
    ['EIO', 'unreadable'],
  ])('%s: the file is %s', (code, reason) => {
    const cause = Object.assign(new Error('no'), { code })
    expect(refusalOf('/a', cause)).toMatchObject({ code: 'ERR_TROUPE_FILE_REFUSED', reason, path: '/a', cause })
  })
})

describe('a caller', () => {
  it.each([
    [FileService, { fetch: ['AllowAny'], register: ['AllowParents'], registerPrefix: ['AllowParents'] }],
    [PushFileService, { get: ['AllowAny'], getCopy: ['AllowAny'], store: ['AllowParents'] }],
  ])('of %o may fetch, and only a parent may add', (type, expected) => {
    const table = methodTable(type, Service.prototype)
    const names = table.map(({ name, policies }) => [name, policies.map((policy) => policy.constructor.name)])
    expect(Object.fromEntries(names)).toEqual(expected)
  })
})
