import { tmpdir } from 'node:os'
import { Pool } from '@troupe/runtime'
import { PushedFiles, type PushFileService, pushFileService } from '@troupe/runtime/files'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { FileRelay } from '../fixtures/services/file-relay.ts'

const CONTENT = Uint8Array.of(1, 2, 3)
const spawnPushed = (pool: Pool, name: string, maxBytes?: number) =>
  pool.spawn<PushFileService>({ name, ...pushFileService, options: maxBytes === undefined ? {} : { maxBytes } })

describe('a push file service', () => {
  it('answers a get when a parent has pushed the file, to all who wait', async () => {
    await using pool = new Pool()
    const { proxy } = await spawnPushed(pool, 'pushed')
    const waiting = [proxy.get('/a'), proxy.get('/a')]
    const files = new PushedFiles()
    await files.connect(proxy)
    await files.store('/a', CONTENT)
    for (const content of await Promise.all(waiting)) expect([...content]).toEqual([1, 2, 3])
  })

  it('shares one memory with the parent and with the services beside it', async () => {
    await using pool = new Pool()
    const [one, two] = await Promise.all(['one', 'two'].map((name) => spawnPushed(pool, name)))
    const files = new PushedFiles()
    await files.store('/a', CONTENT)
    await Promise.all([files.connect(one!.proxy), files.connect(two!.proxy)])
    const own = await files.get('/a')
    own[0] = 9 // nobody should, but it shows
    for (const { proxy } of [one!, two!]) expect([...(await proxy.get('/a'))]).toEqual([9, 2, 3])
  })

  it('hands what it gets on to the thread below it', async () => {
    await using pool = new Pool()
    const relay = await pool.spawn<FileRelay>({ name: 'relay', module: fixture('file-relay.ts') })
    const files = new PushedFiles()
    await files.connect(relay.proxy)
    const waiting = relay.proxy.getBelow('/a')
    await files.store('/a', CONTENT)
    const below = await waiting
    expect([...below]).toEqual([1, 2, 3])
    below[0] = 9
    expect([...(await files.get('/a'))]).toEqual([9, 2, 3])
  })

  it('lets go of a get whose caller has gone', async () => {
    await using pool = new Pool()
    const { proxy } = await spawnPushed(pool, 'pushed')
    const aborting = new AbortController()
    const aborted = proxy.$with({ signal: aborting.signal }).get('/a')
    const waiting = proxy.get('/a')
    aborting.abort(new RangeError('enough'))
    await expect(aborted).rejects.toThrow(new RangeError('enough'))
    await proxy.store('/a', CONTENT)
    expect([...(await waiting)]).toEqual([1, 2, 3])
  })

  it('settles every get that waits when it is stopped, at once', async () => {
    await using pool = new Pool()
    const handle = await spawnPushed(pool, 'pushed')
    const waiting = Promise.allSettled([handle.proxy.get('/a'), handle.proxy.get('/b')])
    await handle.proxy.store('/c', CONTENT)
    await handle.stop()
    for (const outcome of await waiting) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TROUPE_NOT_RUNNING' } })
    }
  })

  it('takes no more than its limit, and tells who pushes', async () => {
    await using pool = new Pool()
    const { proxy } = await spawnPushed(pool, 'pushed', 2)
    const files = new PushedFiles()
    await files.connect(proxy)
    await expect(files.store('/a', CONTENT)).rejects.toMatchObject({ errors: [{ code: 'ERR_TROUPE_STORE_FULL' }] })
  })
})

describe.each(['thread', 'process'] as const)('in a context of kind %s', (kind) => {
  it('a file that is stored from outside is there, and each get that waits is answered', async () => {
    await using pool = new Pool()
    const context = await pool.context({ name: 'place', kind })
    const { proxy } = await context.spawn<PushFileService>({ name: 'pushed', ...pushFileService })
    const waiting = [proxy.get('/a'), proxy.getCopy('/a')]
    const files = new PushedFiles()
    await files.connect(proxy)
    await files.store('/a', CONTENT)
    await proxy.store('/b', CONTENT)
    for (const content of await Promise.all([...waiting, proxy.get('/b')])) expect([...content]).toEqual([1, 2, 3])
  })

  it('what comes goes on to the thread below it, which shares its memory', async () => {
    await using pool = new Pool()
    const context = await pool.context({ name: 'place', kind })
    const { proxy } = await context.spawn<FileRelay>({ name: 'relay', module: fixture('file-relay.ts') })
    const files = new PushedFiles()
    await files.connect(proxy)
    await files.store('/a', CONTENT)
    expect([...(await proxy.getCopyBelow('/a'))]).toEqual([1, 2, 3])
    expect(await proxy.isSharedBelow('/a')).toBe(true)
  })

  it('a service beside it gets the file, for whom it waits', async () => {
    await using pool = new Pool()
    const context = await pool.context({ name: 'place', kind })
    const { proxy } = await context.spawn<PushFileService>({ name: 'pushed', ...pushFileService })
    const relay = await context.spawn<FileRelay>({ name: 'relay', module: fixture('file-relay.ts') })
    const waiting = relay.proxy.getBeside('pushed', '/a')
    await proxy.store('/a', CONTENT)
    expect([...(await waiting)]).toEqual([1, 2, 3])
    // So many that they go by a link where there is one.
    for (let n = 0; n < 12; n++) expect([...(await relay.proxy.getBeside('pushed', '/a'))]).toEqual([1, 2, 3])
  })

  it("a copy is nobody else's", async () => {
    await using pool = new Pool()
    const context = await pool.context({ name: 'place', kind })
    const { proxy } = await context.spawn<PushFileService>({ name: 'pushed', ...pushFileService })
    await proxy.store('/a', CONTENT)
    const copy = await proxy.getCopy('/a')
    copy[0] = 9
    expect([...(await proxy.get('/a'))]).toEqual([1, 2, 3])
  })
})

it('a parent with places of both kinds pushes to all of them', async () => {
  await using pool = new Pool()
  const files = new PushedFiles()
  const proxies = await Promise.all(
    (['thread', 'process', 'process'] as const).map(async (kind, n) => {
      const context = await pool.context({ name: `place-${n}`, kind })
      const { proxy } = await context.spawn<PushFileService>({ name: `pushed-${n}`, ...pushFileService })
      await files.connect(proxy)
      return proxy
    }),
  )
  await files.store('/a', CONTENT)
  for (const proxy of proxies) expect([...(await proxy.get('/a'))]).toEqual([1, 2, 3])
})

it('a process gets a copy from the thread beside it', async () => {
  await using pool = new Pool()
  const { proxy } = await spawnPushed(pool, 'pushed')
  const context = await pool.context({ name: 'place', kind: 'process' })
  const relay = await context.spawn<FileRelay>({ name: 'relay', module: fixture('file-relay.ts') })
  const waiting = relay.proxy.getCopyBeside('pushed', '/a')
  await proxy.store('/a', CONTENT)
  expect([...(await waiting)]).toEqual([1, 2, 3])
})

describe('a file that is pushed', () => {
  it.skipIf(process.platform === 'win32').each(['/dev/zero', '/dev/null', tmpdir()])(
    'must be one: %s is refused',
    async (path) => {
      const files = new PushedFiles({ maxBytes: 1_000 })
      const refused = { code: 'ERR_TROUPE_FILE_REFUSED', path, reason: 'notAFile' }
      await expect(files.push(path)).rejects.toMatchObject(refused)
      expect(files.bytes).toBe(0)
    },
  )

  it('must be as long as it says: what grows as it is read is not kept', async () => {
    const files = new PushedFiles()
    // Of the kind that the system makes up as they are read, and says that they are empty.
    await expect(files.push('/proc/self/stat')).rejects.toMatchObject({ code: 'ERR_TROUPE_FILE_CHANGED' })
    expect(files.bytes).toBe(0)
  })
})
