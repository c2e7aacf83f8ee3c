import { once } from 'node:events'
import { ConcurrentInvoker, Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Calculator } from '../fixtures/services/calculator.ts'
import type { Fragile } from '../fixtures/services/fragile.ts'

const calculator = { name: 'calculator', module: fixture('calculator.ts') }

describe('a pool', () => {
  it('spawns a service that answers, in its own context', async () => {
    await using pool = new Pool()
    const handle = await pool.spawn<Calculator>(calculator)
    expect(handle.state).toBe('RUNNING')
    expect(await handle.proxy.add(1, 2)).toBe(3)
    expect(await handle.proxy.threadState()).toBe('calculator RUNNING root/calculator 1')
  })

  it('adds a service STOPPED, and gives it by its name', async () => {
    await using pool = new Pool()
    const handle = pool.add<Calculator>(calculator)
    expect(handle.state).toBe('STOPPED')
    expect(pool.get('calculator')).toBe(handle)
    expect(pool.names).toEqual(['calculator'])
  })

  it('names the services it has when it is asked for one it has not', async () => {
    await using pool = new Pool()
    pool.add<Calculator>(calculator)
    expect(() => pool.get('nobody')).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_NO_SUCH_SERVICE', message: expect.stringContaining('calculator') }),
    )
  })

  it('refuses a name that it has already', async () => {
    await using pool = new Pool()
    pool.add<Calculator>(calculator)
    expect(() => pool.add<Calculator>(calculator)).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_DUPLICATE_NAME' }),
    )
  })

  it('gives a proxy before the service is there: its calls wait for it, streams too', async () => {
    await using pool = new Pool()
    const proxy = pool.proxy<Calculator>('calculator')
    const [sum, items] = [proxy.add(1, 2), Array.fromAsync(proxy.range(0, 3))]
    await pool.spawn<Calculator>(calculator)
    expect(await sum).toBe(3)
    expect(await items).toEqual([0, 1, 2])
  })

  it('uses a registered invoker instead of the one in the specification', async () => {
    await using pool = new Pool()
    const invoker = new ConcurrentInvoker({ capacity: 1 })
    pool.register('calculator', invoker)
    const handle = pool.add<Calculator>({ ...calculator, invoker: 'serialized' })
    await handle.start()
    await handle.pause()
    const waiting = handle.proxy.add(1, 2)
    await expect(handle.proxy.add(1, 2)).rejects.toMatchObject({ code: 'ERR_TROUPE_MAILBOX_FULL' })
    await handle.start()
    expect(await waiting).toBe(3)
  })

  it('refuses to register an invoker for a service that is there', async () => {
    await using pool = new Pool()
    pool.add<Calculator>(calculator)
    expect(() => pool.register('calculator', 'serialized')).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }),
    )
  })
})

describe('a specification', () => {
  const good = calculator
  it.each([
    ['an unknown key', { ...good, treads: 2 }, /unknown "treads", known: name, module/],
    ['no name', { module: good.module }, /"name" must be a text/],
    ['a name with a slash', { ...good, name: 'a/b' }, /"name" must be a text of 1 to 200 characters without "\/"/],
    ['a relative module', { ...good, module: './calculator.ts' }, /"module" must be a file: URL or an absolute path/],
    ['a module on the web', { ...good, module: new URL('https://example.org/a.js') }, /"module" must be a file: URL/],
    ['an unknown invoker', { ...good, invoker: 'constructor' }, /"invoker" must be an Invoker or one of concurrent/],
    ['no threads', { ...good, threads: 0 }, /"threads" must be a whole number from 1/],
    ['half a thread', { ...good, threads: 1.5 }, /"threads" must be a whole number from 1/],
    ['no time for hooks', { ...good, transitionMs: 0 }, /"transitionMs" must be a number of milliseconds above 0/],
    [
      'no heap to start in',
      { ...good, resourceLimits: { maxOldGenerationSizeMb: 4 } },
      /"maxOldGenerationSizeMb" must be at least 8/,
    ],
    ['an endless grace', { ...good, graceMs: Number.POSITIVE_INFINITY }, /"graceMs" must be .* from 0 to 2000000000/],
    ['a grace that is no number', { ...good, graceMs: Number.NaN }, /"graceMs" must be a number of milliseconds/],
    ['an unknown restart type', { ...good, supervision: { restart: 'always' } }, /"restart" must be one of permanent/],
    ['less than no restarts', { ...good, supervision: { maxRestarts: -1 } }, /"maxRestarts" must be a whole number/],
    ['two faults', { ...good, name: '', threads: -1 }, /"name" must be.*; "threads" must be/],
  ])('with %s is BAD_OPTIONS that says so', async (_, spec, message) => {
    await using pool = new Pool()
    expect(() => pool.add(spec as never)).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringMatching(message) }),
    )
    expect(pool.names).toEqual([])
  })

  it('with options that can’t be cloned is NOT_CLONEABLE that names the path', async () => {
    await using pool = new Pool()
    const spec = { ...good, options: { on: { change: () => 1 } } }
    expect(() => pool.add(spec as never)).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_NOT_CLONEABLE', path: 'options.on.change' }),
    )
  })

  it('picks the export by exportName when the module has several services', async () => {
    await using pool = new Pool()
    const spec = { name: 'two', module: fixture('two-services.mjs'), exportName: 'Two' }
    const handle = await pool.spawn<{ which(): string }>(spec)
    expect(await handle.proxy.which()).toBe('two')
  })

  it.each([0, 1.5, Number.NaN])('a pool of %s threads is BAD_OPTIONS', (max) => {
    expect(() => new Pool({ threads: { max } })).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }))
  })
})

describe('closing a pool', () => {
  it('rejects the calls that run and those that wait with POOL_CLOSED, and stops the services', async () => {
    const pool = new Pool()
    const handle = await pool.spawn<Calculator>({ ...calculator, invoker: 'serialized' })
    const running = expect(handle.proxy.waitAt('never')).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
    const waiting = expect(handle.proxy.add(1, 2)).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
    const stream = handle.proxy.range(0, 10)
    const reading = expect(stream.next()).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
    await pool.close()
    await Promise.all([running, waiting, reading])
    expect(handle.stats()).toMatchObject({ state: 'STOPPED', pending: 0, queued: 0, threads: 0 })
  })

  it('does not wait for methods whose callers have gone, nor for a stop that waits for them', async () => {
    const pool = new Pool()
    const spec = { ...calculator, graceMs: 2_000_000_000 } // a wait for it would be seen
    const handle = await pool.spawn<Calculator>(spec)
    await expect(handle.proxy.$with({ timeoutMs: 10 }).waitAt('never')).rejects.toMatchObject({ limitMs: 10 })
    const stopped = handle.stop()
    await pool.close()
    await stopped
    expect(handle.stats()).toMatchObject({ state: 'STOPPED', threads: 0 })
  })

  it('refuses what comes after it', async () => {
    const pool = new Pool()
    const handle = await pool.spawn<Calculator>(calculator)
    const late = pool.proxy<Calculator>('nobody')
    await pool.close()
    const closed = { code: 'ERR_TROUPE_POOL_CLOSED' }
    await expect(handle.proxy.add(1, 2)).rejects.toMatchObject(closed)
    await expect(late.add(1, 2)).rejects.toMatchObject(closed)
    await expect(handle.start()).rejects.toMatchObject(closed)
    await expect(handle.restart()).rejects.toMatchObject(closed)
    await expect(pool.spawn<Calculator>({ ...calculator, name: 'late' })).rejects.toMatchObject(closed)
  })

  it('is joined by a second close', async () => {
    const pool = new Pool()
    expect(pool.close()).toBe(pool.close())
    await pool.close()
  })

  it('ends the life of a service that was never started', async () => {
    await using pool = new Pool()
    const { finished } = pool.add<Calculator>(calculator)
    await pool.close()
    expect(await finished).toBe('stopped')
  })

  it('has closed what could not be spawned as well: its handle brings nothing to life, and keeps nothing open', async () => {
    await using pool = new Pool()
    const spec = { name: 'fragile', module: fixture('fragile.ts'), options: { faults: { start: 'throw' } } } as const
    const spawned = pool.spawn<Fragile>(spec)
    const handle = pool.get<Fragile>('fragile')
    const port = handle.endpoint()
    const closed = once(port, 'close')
    const changes = Array.fromAsync(handle.changes())
    await expect(spawned).rejects.toMatchObject({ code: 'ERR_TROUPE_START_FAILED' })
    await closed
    expect((await changes).map(({ state }) => state)).toContain('FAILED')
    await expect(handle.restart()).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
    expect(pool.names).toEqual([])
  })

  it('rejects a start that is under way, and leaves no thread', async () => {
    const pool = new Pool()
    const spawned = expect(pool.spawn<Calculator>(calculator)).rejects.toMatchObject({
      code: 'ERR_TROUPE_POOL_CLOSED',
      cause: { code: 'ERR_TROUPE_SUPERSEDED' },
    })
    await pool.close()
    await spawned
  })

  it.each(['spin', 'hang'] as const)('kills a service whose stop hook does %s, after its grace', async (way) => {
    const pool = new Pool()
    const handle = await pool.spawn<Fragile>({
      name: 'fragile',
      module: fixture('fragile.ts'),
      options: { faults: { stop: way } },
      graceMs: 50,
    })
    await pool.close()
    expect(handle.stats()).toMatchObject({ state: 'FAILED', threads: 0 })
  })

  it('ends a service that is FAILED', async () => {
    const pool = new Pool()
    const handle = await pool.spawn<Fragile>({ name: 'fragile', module: fixture('fragile.ts'), options: {} })
    await expect(handle.proxy.breakNow('exit')).rejects.toThrow()
    await pool.close()
    expect(handle.state).toBe('STOPPED')
  })
})
