import { type Context, Pool, type ServiceHandle } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS } from '../fixtures/kinds.ts'
import type { Finite } from '../fixtures/services/finite.ts'
import type { Tenant } from '../fixtures/services/tenant.ts'

const tenant = (name: string) => ({ name, module: fixture('tenant.ts') })

describe.each(KINDS)('of kind %s:', (kind) => {
  async function house(
    pool: Pool,
  ): Promise<{ context: Context; first: ServiceHandle<Tenant>; second: ServiceHandle<Tenant> }> {
    const context = await pool.context({ name: 'house', kind })
    const [first, second] = await Promise.all([
      context.spawn<Tenant>(tenant('first')),
      context.spawn<Tenant>(tenant('second')),
    ])
    return { context, first, second }
  }

  describe('a context', () => {
    it('is one place and one identity for all services in it', async () => {
      await using pool = new Pool()
      const { context, first, second } = await house(pool)
      expect(await first.proxy.address()).toBe(await second.proxy.address())
      expect(await first.proxy.identity()).toBe('first in root/house, called by root')
      expect(await second.proxy.identity()).toBe('second in root/house, called by root')
      expect(context.id).toBe('root/house')
      expect(pool.get('first').context).toBe('root/house')
    })

    it('goes on when a service in it stops; one that is started again joins the others', async () => {
      await using pool = new Pool()
      const { first, second } = await house(pool)
      const address = await second.proxy.address()
      await first.stop()
      expect(await second.proxy.address()).toBe(address)
      await first.start()
      expect(await first.proxy.address()).toBe(address)
      expect(first.generation).toBe(2)
    })

    it.each(['prepare', 'start'] as const)('goes on when a service in it fails in its "%s" hook', async (hook) => {
      await using pool = new Pool()
      const { context, first } = await house(pool)
      const options = { breaks: { hook, by: 'throw' } } as const
      await expect(context.spawn<Tenant>({ ...tenant('third'), options })).rejects.toMatchObject({
        code: 'ERR_TROUPE_START_FAILED',
      })
      expect(await first.proxy.identity()).toContain('first')
    })

    it('goes on when the module of a service can not be loaded', async () => {
      await using pool = new Pool()
      const { context, first } = await house(pool)
      await expect(context.spawn({ name: 'third', module: fixture('throws-on-load.mjs') })).rejects.toMatchObject({
        code: 'ERR_TROUPE_START_FAILED',
      })
      expect(await first.proxy.identity()).toContain('first')
    })

    it('falls with a service whose hook never ends: only its thread can be ended', async () => {
      await using pool = new Pool()
      const { context, first } = await house(pool)
      const pending = expect(first.proxy.waitForever()).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
      const options = { breaks: { hook: 'start', by: 'hang' } } as const
      await expect(context.spawn<Tenant>({ ...tenant('third'), options, transitionMs: 100 })).rejects.toMatchObject({
        code: 'ERR_TROUPE_START_FAILED',
      })
      await pending
      expect(first.state).toBe('FAILED')
    })

    it('keeps the tasks of its services apart: those of one end, or fail, without the other’s', async () => {
      await using pool = new Pool()
      const context = await pool.context({ name: 'house', kind })
      const spec = (name: string) => ({ name, module: fixture('finite.ts') })
      const [first, second] = await Promise.all(['first', 'second'].map((name) => context.spawn<Finite>(spec(name))))
      await first!.proxy.spawnSore('sore')
      expect((await first!.tasks()).total).toBe(1)
      expect((await second!.tasks()).total).toBe(0)
      const failed = first!.finished.catch((error: unknown) => error)
      await first!.proxy.fail('no more')
      expect(await failed).toMatchObject({ errors: [{ message: 'no more' }, { message: 'sore' }] })
      expect(second!.state).toBe('RUNNING')
    })

    it('that dies fails all services in it, with the exit code, and the others of the pool go on', async () => {
      await using pool = new Pool()
      const { first, second } = await house(pool)
      const outside = await pool.spawn<Tenant>(tenant('outside'))
      const rejected = [first.proxy.waitForever(), second.proxy.waitForever()].map((call) =>
        expect(call).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: true }),
      )
      await second.proxy.address() // answered after it: the call before it has begun
      await expect(first.proxy.exit(3)).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED', exitCode: 3 })
      await Promise.all(rejected)
      expect([first.state, second.state, outside.state]).toEqual(['FAILED', 'FAILED', 'RUNNING'])
    })

    it('that is killed comes back for the services whose supervision brings them back, in one thread again', async () => {
      await using pool = new Pool()
      const context = await pool.context({ name: 'house', kind })
      const supervision = { restart: 'permanent' } as const
      const handles = await Promise.all(
        ['first', 'second'].map((name) => context.spawn<Tenant>({ ...tenant(name), supervision })),
      )
      const before = await handles[0]!.proxy.address()
      const back = handles.map((handle) => new Promise((resolve) => handle.on('restarted', resolve)))
      context.kill()
      await Promise.all(back)
      const addresses = await Promise.all(handles.map((handle) => handle.proxy.address()))
      expect(new Set(addresses).size).toBe(1)
      expect(addresses[0]).not.toBe(before)
    })

    it('has its own environment, options of Node, and limits', async () => {
      await using pool = new Pool()
      const context = await pool.context({
        name: 'house',
        kind,
        env: { COLOUR: 'green' },
        execArgv: ['--no-warnings'],
        ...(kind === 'thread' && { resourceLimits: { maxOldGenerationSizeMb: 64 } }),
      })
      const { proxy } = await context.spawn<Tenant>(tenant('first'))
      expect(await proxy.environment('COLOUR')).toBe('green')
      expect(await proxy.environment('PATH')).toBeUndefined()
      expect(await proxy.execArgv()).toEqual(['--no-warnings'])
    })

    it('that is closed stops its services, rejects their calls and ends its thread; its names are free again', async () => {
      await using pool = new Pool()
      const { context, first } = await house(pool)
      const rejected = expect(first.proxy.waitForever()).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
      await context.close()
      await rejected
      expect(first.state).toBe('STOPPED')
      expect(pool.names).toEqual([])
      expect(() => context.add<Tenant>(tenant('first'))).toThrow(
        expect.objectContaining({ code: 'ERR_TROUPE_POOL_CLOSED' }),
      )
      await using again = await pool.context({ name: 'house', kind })
      await again.spawn<Tenant>(tenant('first'))
    })

    it('shares its names with the services: each stands for one place in the tree', async () => {
      await using pool = new Pool()
      await house(pool)
      await pool.spawn<Tenant>(tenant('outside'))
      const duplicate = (what: string) =>
        expect.objectContaining({
          code: 'ERR_TROUPE_DUPLICATE_NAME',
          message: expect.stringContaining(what),
        })
      await expect(pool.context({ name: 'house', kind })).rejects.toEqual(duplicate('a context "house"'))
      await expect(pool.context({ name: 'outside' })).rejects.toEqual(duplicate('a service "outside"'))
      expect(() => pool.add<Tenant>(tenant('house'))).toThrow(duplicate('a context "house"'))
      expect(() => pool.add<Tenant>(tenant('first'))).toThrow(duplicate('a service "first"'))
    })

    it.each([
      [{ name: '' }, '"name"'],
      [{ name: 'a/b' }, '"name"'],
      [{ name: 'a', execArgv: 'x' }, '"execArgv"'],
      [{ name: 'a', env: 1 }, '"env"'],
      [{ name: 'a', colour: 1 }, 'unknown "colour"'],
    ])('described by %j is refused', async (spec, problem) => {
      await using pool = new Pool()
      await expect(pool.context({ kind, ...spec } as never)).rejects.toMatchObject({
        code: 'ERR_TROUPE_BAD_OPTIONS',
        message: expect.stringContaining(problem),
      })
    })

    it.each([{ threads: 2 }, { resourceLimits: { maxOldGenerationSizeMb: 64 } }])(
      'refuses a service with %j: its thread is there already',
      async (option) => {
        await using pool = new Pool()
        const context = await pool.context({ name: 'house', kind })
        expect(() => context.add<Tenant>({ ...tenant('first'), ...option })).toThrow(
          expect.objectContaining({
            code: 'ERR_TROUPE_BAD_OPTIONS',
            message: expect.stringContaining(Object.keys(option)[0]!),
          }),
        )
      },
    )
  })
})
