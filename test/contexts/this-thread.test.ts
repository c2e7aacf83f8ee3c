import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Tenant } from '../fixtures/services/tenant.ts'

const tenant = { name: 'parent', module: fixture('tenant.ts') }

describe('a service in its parent’s thread', () => {
  it('has its parent’s thread and identity, and is called like any other', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Tenant>(tenant)
    expect(await proxy.spawnBeside('child')).toBe('child in root/parent')
    expect(await proxy.askBeside('child')).toEqual([
      await proxy.threadId(),
      'child in root/parent, called by root/parent',
    ])
    expect(await pool.proxy<Tenant>('parent/child').identity()).toBe('child in root/parent, called by root')
  })

  it('that stops leaves the thread to its parent', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Tenant>(tenant)
    await proxy.spawnBeside('child')
    expect(await proxy.stopBeside('child')).toBe('STOPPED')
    expect(await proxy.identity()).toContain('parent')
  })

  it('that fails in a hook leaves the thread to its parent', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Tenant>(tenant)
    await expect(proxy.spawnBeside('child', { breaks: { hook: 'start', by: 'throw' } })).rejects.toMatchObject({
      code: 'ERR_TROUPE_START_FAILED',
    })
    expect(await proxy.identity()).toContain('parent')
  })

  it('whose hook never ends takes its parent along: only the thread can be ended', async () => {
    await using pool = new Pool()
    const handle = await pool.spawn<Tenant>(tenant)
    await expect(handle.proxy.spawnBeside('child', { breaks: { hook: 'start', by: 'hang' } })).rejects.toMatchObject({
      code: 'ERR_TROUPE_SERVICE_CRASHED',
    })
    expect(handle.state).toBe('FAILED')
    await expect(handle.finished).rejects.toMatchObject({
      message: expect.stringContaining('service "child" failed while STARTING'),
    })
  })

  it('is refused in the parent script, whose thread is not for services', async () => {
    await using pool = new Pool()
    expect(() => pool.add<Tenant>({ ...tenant, thread: 'parent' })).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining('"thread"') }),
    )
  })

  it.each([
    [{ thread: 'mine' }, 'own or parent'],
    [{ thread: 'parent', threads: 2 }, 'of a thread of its own'],
    [{ thread: 'parent', resourceLimits: { maxOldGenerationSizeMb: 64 } }, 'of a thread of its own'],
  ])('with %j is refused', async (options, problem) => {
    await using pool = new Pool()
    expect(() => pool.add<Tenant>({ ...tenant, ...options } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(problem) }),
    )
  })
})
