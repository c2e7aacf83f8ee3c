import { Pool, type ServiceHandle } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { contextOf, KINDS, type Kind, placeOf } from '../fixtures/kinds.ts'
import type { ChildSpec, Member, MemberOptions } from '../fixtures/services/family.ts'
import type { Journal } from '../fixtures/services/journal.ts'

interface Family {
  readonly journal: ServiceHandle<Journal>
  readonly parent: ServiceHandle<Member>
}

async function family(pool: Pool, kind: Kind, options: MemberOptions = {}): Promise<Family> {
  const journal = await pool.spawn<Journal>({ name: 'journal', module: fixture('journal.ts') })
  const parent = (await placeOf(pool, kind)).add<Member>({ name: 'parent', module: fixture('family.ts'), options })
  return { journal, parent }
}

const lines = ({ journal }: Family) => journal.proxy.lines()

/** Resolves with the failure that no restart follows. */
const failure = (handle: ServiceHandle<Member>): Promise<unknown> =>
  handle.finished.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )

const THREADS = ['own', 'parent'] as const

describe.each(KINDS)('of a parent in a %s:', (kind) => {
  describe.each(THREADS)('children in a thread that is their %s', (thread) => {
    const child = (name: string, spec: Omit<ChildSpec, 'name'>): ChildSpec => ({ name, thread, ...spec })

    it('come up with their parent: prepared after its prepare hook, started after its start hook', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind, {
        children: [child('a', { in: 'prepare', by: 'add' }), child('b', { in: 'start', by: 'add' })],
      })
      await scene.parent.start()
      const seen = await lines(scene)
      expect(seen).toEqual([
        'parent.prepare',
        'a.prepare',
        'parent.start',
        expect.any(String),
        expect.any(String),
        expect.any(String),
      ])
      expect(seen.filter((line) => line.startsWith('a'))).toEqual(['a.prepare', 'a.start'])
      expect(seen.filter((line) => line.startsWith('b'))).toEqual(['b.prepare', 'b.start'])
    })

    it('go down before the parent’s body, the last that came first; then the parent’s stop hook', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind, { children: [child('a', { in: 'start' }), child('b', { in: 'start' })] })
      await scene.parent.start()
      await scene.journal.proxy.clear()
      await scene.parent.stop()
      expect(await lines(scene)).toEqual([
        'parent.pause',
        'b.pause',
        'b.run ends',
        'b.stop',
        'a.pause',
        'a.run ends',
        'a.stop',
        'parent.run ends',
        'parent.stop',
      ])
    })

    it('of `prepare` are paused and started again with their parent; those of `start` are made anew', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind, { children: [child('a', { in: 'prepare' }), child('b', { in: 'start' })] })
      await scene.parent.start()
      await scene.journal.proxy.clear()
      await scene.parent.pause()
      expect(await lines(scene)).toEqual([
        'parent.pause',
        'b.pause',
        'b.run ends',
        'b.stop',
        'a.pause',
        'a.run ends',
        'parent.run ends',
      ])
      await scene.journal.proxy.clear()
      await scene.parent.start()
      expect(await lines(scene)).toEqual(['parent.start', 'b.prepare', 'b.start', 'a.start'])
    })

    it('hear of their own errors only: one that fails to stop keeps no other from it, and its error joins the parent’s', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind, {
        breaks: 'stop',
        children: [child('a', { in: 'start' }), child('b', { in: 'start', breaks: 'pause' })],
      })
      await scene.parent.start()
      await scene.journal.proxy.clear()
      const error = await scene.parent.stop().catch((error: unknown) => error)
      expect(JSON.stringify(await lines(scene))).toContain('"a.stop"')
      expect((await lines(scene)).at(-1)).toBe('parent.stop')
      expect(String((error as AggregateError).errors ?? error)).toMatch(/b breaks in pause.*parent breaks in stop/)
    })

    it('that fail, fail their parent, with their error', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind)
      await scene.parent.start()
      const failed = failure(scene.parent)
      await scene.parent.proxy.adopt(child('a', { in: 'start', breaks: 'run' }))
      expect(String(await failed)).toContain('a breaks in run')
      expect(scene.parent.state).toBe('FAILED')
    })

    it('that fail in their start hook reject the spawn, and leave the parent as it is', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind)
      await scene.parent.start()
      await expect(scene.parent.proxy.adopt(child('a', { in: 'start', breaks: 'start' }))).rejects.toMatchObject({
        code: 'ERR_TROUPE_START_FAILED',
      })
      expect(scene.parent.state).toBe('RUNNING')
      await scene.parent.proxy.adopt(child('a', { in: 'start' })) // its name is free again
    })

    it('that were added while it runs, and fail to start, fail their parent', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind)
      await scene.parent.start()
      const failed = failure(scene.parent)
      await scene.parent.proxy.adopt(child('a', { in: 'start', by: 'add', breaks: 'start' }))
      expect(String(await failed)).toContain('a breaks in start')
    })

    it('that finish by themselves are gone, and the parent goes on', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind)
      await scene.parent.start()
      await scene.parent.proxy.adopt(child('a', { in: 'start', ends: true }))
      await scene.journal.proxy.until('a.stop')
      expect(scene.parent.state).toBe('RUNNING')
    })

    it('that are daemons and finish first, fail their parent with DaemonTaskExitError', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind)
      await scene.parent.start()
      const failed = failure(scene.parent)
      await scene.parent.proxy.adopt(child('a', { in: 'start', ends: true, daemon: true }))
      expect(await failed).toMatchObject({
        code: 'ERR_TROUPE_DAEMON_EXIT',
        message: expect.stringContaining('child "a"'),
      })
    })

    it('can be removed while the parent runs, daemons too', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind)
      await scene.parent.start()
      await scene.parent.proxy.adopt(child('a', { in: 'start', daemon: true }))
      expect(await scene.parent.proxy.remove('a')).toEqual([])
      expect((await lines(scene)).at(-1)).toBe('a.stop')
      expect(scene.parent.state).toBe('RUNNING')
      await expect(scene.parent.proxy.remove('a')).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_OPTIONS' })
    })

    it('keep a service whose body has ended alive; it finishes when they have', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind, { ends: true, children: [child('a', { in: 'start' })] })
      await scene.parent.start()
      expect(scene.parent.state).toBe('RUNNING')
      await scene.parent.proxy.remove('a')
      expect(await scene.parent.finished).toBe('completed')
    })

    it('that fail to start bring the parent’s start down, and the others with it', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind, {
        children: [child('a', { in: 'prepare', by: 'add' }), child('b', { in: 'prepare', by: 'add', breaks: 'start' })],
      })
      await expect(scene.parent.start()).rejects.toMatchObject({ code: 'ERR_TROUPE_START_FAILED' })
      expect(scene.parent.state).toBe('FAILED')
      await scene.journal.proxy.until('a.stop')
    })

    it('start after those that they depend on', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind, {
        children: [
          child('web', { in: 'prepare', by: 'add', dependsOn: ['db'] }),
          child('db', { in: 'prepare', by: 'add' }),
        ],
      })
      await scene.parent.start()
      expect(await lines(scene)).toEqual([
        'parent.prepare',
        'db.prepare',
        'web.prepare',
        'parent.start',
        'db.start',
        'web.start',
      ])
      expect(await scene.parent.proxy.waitStarted()).toEqual(['web', 'db'])
    })
  })

  describe('children in threads of their own', () => {
    it('that crash are restarted by their supervision, and the parent goes on', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind, { children: [{ name: 'a', in: 'start', restart: 'permanent' }] })
      await scene.parent.start()
      await scene.journal.proxy.clear()
      const child = pool.proxy<Member>(`${contextOf(kind, 'parent')}/a`)
      await child.fall()
      await scene.journal.proxy.until('a.start')
      expect(scene.parent.state).toBe('RUNNING')
      expect(await child.where()).toBe(`root/${contextOf(kind, 'parent')}/a`)
    })

    it('die with a parent that crashes', async () => {
      await using pool = new Pool()
      const scene = await family(pool, kind, { children: [{ name: 'a', in: 'start' }] })
      await scene.parent.start()
      const failed = failure(scene.parent)
      await scene.parent.proxy.fall()
      expect(String(await failed)).toContain('parent falls')
      expect(scene.parent.stats().threads).toBe(0)
    })
  })
})
