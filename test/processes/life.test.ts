import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Branch } from '../fixtures/services/branch.ts'
import type { Tenant } from '../fixtures/services/tenant.ts'
import { Watch } from '../fixtures/watch.ts'

const branch = { name: 'branch', module: fixture('branch.ts'), options: {} }

async function house(pool: Pool, spec: object = {}) {
  const context = await pool.context({ name: 'house', kind: 'process', ...spec })
  return { context, handle: await context.spawn<Branch>(branch) }
}

describe('a context of kind process', () => {
  it('is one process and one identity for all services in it, and shares neither with the owner', async () => {
    await using pool = new Pool()
    const { context, handle } = await house(pool)
    const other = await context.spawn<Branch>({ ...branch, name: 'other' })
    const pids = [await handle.proxy.pid(), await other.proxy.pid()]
    expect(pids[0]).toBe(pids[1])
    expect(pids[0]).not.toBe(process.pid)
    expect(await handle.proxy.whoCalls()).toBe('root calls root/house')
    expect(context.id).toBe('root/house')
  })

  it('has its own environment, and options of Node', async () => {
    await using pool = new Pool()
    const { handle } = await house(pool, { env: { COLOUR: 'green' }, execArgv: ['--no-warnings'] })
    expect(await handle.proxy.environment('COLOUR')).toBe('green')
    expect(await handle.proxy.environment('HOME')).toBeUndefined()
  })

  it('is left alone by the signals that a terminal sends to all: its owner ends it', async () => {
    await using pool = new Pool()
    const { handle } = await house(pool)
    const pid = await handle.proxy.pid()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal)
    expect(await handle.proxy.echo('still here')).toBe('still here')
  })

  it.each([
    ['has its exit listeners run, and ends', false],
    ['is killed when those do not end', true],
  ])('that is closed %s', async (_, hangs) => {
    await using pool = new Pool()
    using watch = await Watch.open()
    const file = join(await mkdtemp(join(tmpdir(), 'troupe-')), 'exits')
    const context = await pool.context({ name: 'house', kind: 'process' })
    const handle = await context.spawn<Branch>({ ...branch, options: { port: watch.port } })
    await handle.proxy.onExit(file, hangs)
    await context.close()
    await watch.left(0)
    expect(await readFile(file, 'utf8')).toBe('exit')
    expect(handle.state).toBe('STOPPED')
    await rm(dirname(file), { recursive: true })
  })

  it.each([
    ['an option that Node does not know', { execArgv: ['--no-such-option'] }, { exitCode: 9 }],
    ['an environment too large to be given', { env: { LARGE: 'x'.repeat(2 ** 22) } }, { cause: { code: 'E2BIG' } }],
    [
      'a heap too small to start in',
      { execArgv: ['--max-old-space-size=1'] },
      { signal: expect.stringMatching(/SIGABRT|SIGTRAP/) },
    ],
  ])('can not be made with %s: that is told, and its name is free again', async (_, spec, report) => {
    await using pool = new Pool()
    await expect(pool.context({ name: 'house', kind: 'process', ...spec })).rejects.toMatchObject({
      code: 'ERR_TROUPE_SERVICE_CRASHED',
      ...report,
    })
    await house(pool)
  })

  it.each([
    [{ resourceLimits: { maxOldGenerationSizeMb: 64 } }, '--max-old-space-size'],
    [{ kind: 'fibre' }, 'thread or process'],
  ])('described by %j is refused', async (spec, problem) => {
    await using pool = new Pool()
    await expect(pool.context({ name: 'house', kind: 'process', ...spec } as never)).rejects.toMatchObject({
      code: 'ERR_TROUPE_BAD_OPTIONS',
      message: expect.stringContaining(problem),
    })
  })
})

describe('a service in a process', () => {
  const crashed = { code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: true }
  const ENDS: readonly (readonly [string, (proxy: Branch) => unknown, object])[] = [
    ['process.exit', (proxy) => proxy.exit(3), { exitCode: 3 }],
    ['process.abort', (proxy) => proxy.abort(), { signal: 'SIGABRT' }],
    ['a signal', (proxy) => proxy.signalSelf('SIGKILL'), { signal: 'SIGKILL' }],
    ['an uncaught exception', (proxy) => proxy.throwLater('E_LATER'), { exitCode: 1, cause: { code: 'E_LATER' } }],
    ['running out of memory', (proxy) => proxy.fillHeap(), { signal: 'SIGABRT' }],
  ]
  it.each(ENDS)('that ends by %s: its calls reject with how, and the others of the pool go on', async (_, end, how) => {
    await using pool = new Pool()
    const { handle } = await house(pool, { execArgv: ['--max-old-space-size=64'] })
    const outside = await pool.spawn<Branch>({ ...branch, name: 'outside' })
    const waiting = expect(handle.proxy.waitForever()).rejects.toMatchObject({ ...crashed, ...how })
    await handle.proxy.echo(1)
    await expect(end(handle.proxy as unknown as Branch)).rejects.toMatchObject({ ...crashed, ...how })
    await waiting
    expect(handle.state).toBe('FAILED')
    expect(await outside.proxy.echo('still here')).toBe('still here')
  })

  it('that is killed while it spins rejects its calls with the reason', async () => {
    await using pool = new Pool()
    using watch = await Watch.open()
    const context = await pool.context({ name: 'house', kind: 'process' })
    const { proxy } = await context.spawn<Branch>({ ...branch, options: { port: watch.port } })
    const cause = new Error('enough')
    const spinning = expect(proxy.spin()).rejects.toMatchObject({ ...crashed, cause })
    const behind = expect(proxy.echo(1)).rejects.toMatchObject({ ...crashed, cause, mayHaveRun: false })
    await watch.said('spins')
    context.kill(cause)
    await Promise.all([spinning, behind, watch.left(0)])
  })

  it('has children in its own thread, as in any context', async () => {
    await using pool = new Pool()
    const context = await pool.context({ name: 'house', kind: 'process' })
    const { proxy } = await context.spawn<Tenant>({ name: 'parent', module: fixture('tenant.ts') })
    expect(await proxy.spawnBeside('child')).toBe('child in root/house')
    expect(await proxy.askBeside('child')).toEqual([0, 'child in root/house, called by root/house'])
  })

  it('joins one new process with the others whose supervision brings them back', async () => {
    await using pool = new Pool()
    const context = await pool.context({ name: 'house', kind: 'process' })
    const supervision = { restart: 'permanent' } as const
    const names = ['first', 'second']
    const handles = await Promise.all(names.map((name) => context.spawn<Branch>({ ...branch, name, supervision })))
    const before = await handles[0]!.proxy.pid()
    const back = handles.map((handle) => new Promise((resolve) => handle.on('restarted', resolve)))
    process.kill(before, 'SIGKILL')
    await Promise.all(back)
    const pids = await Promise.all(handles.map(({ proxy }) => proxy.pid()))
    expect(new Set(pids).size).toBe(1)
    expect(pids[0]).not.toBe(before)
  })
})
