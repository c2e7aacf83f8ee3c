import { Pool, type ServiceHandle } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Member, MemberOptions } from '../fixtures/services/family.ts'
import type { Journal } from '../fixtures/services/journal.ts'

interface Scene {
  readonly pool: Pool
  readonly journal: ServiceHandle<Journal>
  add(name: string, dependsOn: readonly string[], options?: MemberOptions): ServiceHandle<Member>
  lines(): Promise<readonly string[]>
}

async function stage(pool: Pool): Promise<Scene> {
  const journal = await pool.spawn<Journal>({ name: 'journal', module: fixture('journal.ts') })
  return {
    pool,
    journal,
    add: (name, dependsOn, options = {}) =>
      pool.add<Member>({ name, module: fixture('family.ts'), options, dependsOn: ['journal', ...dependsOn] }),
    lines: () => journal.proxy.lines(),
  }
}

describe('a pool that is started', () => {
  it('prepares everything before it starts anything, in dependency order', async () => {
    await using pool = new Pool()
    const { add, lines } = await stage(pool)
    add('web', ['api'])
    add('api', ['db'])
    add('db', [])
    await pool.start()
    expect(await lines()).toEqual(['db.prepare', 'api.prepare', 'web.prepare', 'db.start', 'api.start', 'web.start'])
    expect(pool.names.map((name) => pool.get(name).state)).toEqual(['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING'])
  })

  it('by a name brings up that service and those that it depends on, and leaves the others', async () => {
    await using pool = new Pool()
    const { add } = await stage(pool)
    const [api, other] = [add('api', ['db']), add('other', [])]
    add('db', [])
    await pool.start('api')
    expect([api.state, pool.get('db').state, other.state]).toEqual(['RUNNING', 'RUNNING', 'STOPPED'])
  })

  it.each(['prepare', 'start'] as const)(
    'rolls back, in reverse, what it had brought up when one fails to %s',
    async (breaks) => {
      await using pool = new Pool()
      const { add, lines } = await stage(pool)
      add('db', [])
      add('api', ['db'])
      add('web', ['api'], { breaks })
      const stopped = new Set<string>()
      await expect(pool.start()).rejects.toMatchObject({ message: expect.stringContaining('"web" failed') })
      for (const line of await lines()) if (line.endsWith('.stop')) stopped.add(line)
      expect([...stopped]).toEqual(['api.stop', 'db.stop'])
      expect(['db', 'api', 'web', 'journal'].map((name) => pool.get(name).state)).toEqual([
        'STOPPED',
        'STOPPED',
        'STOPPED',
        'RUNNING',
      ])
    },
  )

  it('joins what goes wrong on the way back to the first error', async () => {
    await using pool = new Pool()
    const { add } = await stage(pool)
    add('db', [], { breaks: 'stop' })
    add('web', ['db'], { breaks: 'start' })
    await expect(pool.start()).rejects.toMatchObject({
      errors: [
        { message: expect.stringContaining('"web" failed while STARTING') },
        { message: expect.stringContaining('"db" failed while STOPPING') },
      ],
    })
  })

  it('never has a circle: the service that would close one is refused', async () => {
    await using pool = new Pool()
    const { add } = await stage(pool)
    add('a', ['b'])
    expect(() => add('b', ['a'])).toThrow(
      expect.objectContaining({
        code: 'ERR_TROUPE_BAD_OPTIONS',
        message: expect.stringContaining('"b" → "a" → "b"'),
      }),
    )
    await expect(pool.start()).rejects.toMatchObject({
      code: 'ERR_TROUPE_BAD_OPTIONS',
      message: expect.stringContaining('service "a" depends on "b", which is not there'),
    })
  })

  it('leaves the others as they are when one fails later, those that depend on it too', async () => {
    await using pool = new Pool()
    const { add } = await stage(pool)
    const [db, web, beside] = [add('db', []), add('web', ['db']), add('beside', [])]
    await pool.start()
    const failed = db.finished.catch(() => {})
    await db.proxy.fall()
    await failed
    expect([db.state, web.state, beside.state]).toEqual(['FAILED', 'RUNNING', 'RUNNING'])
    expect(await web.proxy.where()).toBe('root/web')
  })

  it('spawns a service after those that it depends on', async () => {
    await using pool = new Pool()
    const { add, lines } = await stage(pool)
    add('db', [])
    await pool.spawn<Member>({ name: 'api', module: fixture('family.ts'), options: {}, dependsOn: ['db'] })
    expect(await lines()).toEqual(['db.prepare', 'api.prepare', 'db.start', 'api.start'])
  })
})

describe('a pool that is closed', () => {
  it('stops services in reverse: what a service depends on can be called until it has stopped', async () => {
    const pool = new Pool()
    const { add } = await stage(pool)
    const [db, web] = [add('db', []), add('web', ['db'])]
    await pool.start()
    const order: string[] = []
    for (const handle of [db, web, pool.get('journal')]) {
      handle.on('state', ({ state }) => state === 'STOPPED' && order.push(handle.name))
    }
    // Their hooks call the journal, and fail where it does not answer.
    await pool.close()
    expect(order).toEqual(['web', 'db', 'journal'])
    expect(await Promise.all([web.finished, db.finished])).toEqual(['stopped', 'stopped'])
  })

  it('has let go of a service that was removed: its name is free', async () => {
    await using pool = new Pool()
    const { add } = await stage(pool)
    const db = add('db', [])
    await db.start()
    await pool.remove('db')
    expect(db.state).toBe('STOPPED')
    expect(pool.names).toEqual(['journal'])
    add('db', [])
    await expect(pool.remove('nobody')).rejects.toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_SERVICE' })
  })
})
