import { Pool, type ServiceHandle } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { contextOf, KINDS, type Kind, narrowPlaceOf } from '../fixtures/kinds.ts'
import type { Fault, Moment } from '../fixtures/services/fragile.ts'
import type { Nursery } from '../fixtures/services/nursery.ts'

type Way = Exclude<Fault, 'hang'> | 'kill'
type Hook = 'prepare' | 'start' | 'pause' | 'stop'

/** What is told of a child's end, by the way it broke: by its own handle, and in what its parent fails of. */
const TOLD: Readonly<Record<Way, RegExp>> = {
  throw: /throw in \w+/,
  reject: /reject in \w+/,
  exit: /exit code [17]/,
  outOfMemory: /memory|SIGABRT/,
  spin: /took longer than 500 ms/,
  uncaught: /uncaught in \w+/,
  unhandled: /unhandled in \w+/,
  kill: /"child" was killed/,
}
const WAYS = Object.keys(TOLD) as Way[]
const HOOKS: readonly Hook[] = ['prepare', 'start', 'pause', 'stop']

interface Scene {
  /** Of the place of the parent. */
  readonly kind: Kind
  readonly thread: 'own' | 'parent'
  readonly faults: Partial<Record<Moment, Fault>>
  readonly isSpun: boolean
}

async function nursery(pool: Pool, { kind, thread, faults, isSpun }: Scene): Promise<ServiceHandle<Nursery>> {
  const transitionMs = isSpun ? 500 : 10_000
  const options = { faults, thread, transitionMs }
  const spec = { name: 'nursery', module: fixture('nursery.ts'), options }
  // The parent's own limits count only where the child keeps its thread busy; else they must not come first.
  const limits = isSpun && thread === 'parent' ? { transitionMs, graceMs: transitionMs } : {}
  return (await narrowPlaceOf(pool, kind)).add<Nursery>({ ...spec, ...limits })
}

/** All the messages in an error: its own, of its causes, and of what it joins. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { errors = [] } = error as { readonly errors?: readonly unknown[] }
  return [error.message, told(error.cause), ...errors.map(told)].join(' | ')
}

const rejection = (outcome: Promise<unknown>): Promise<unknown> =>
  outcome.then(
    () => expect.unreachable('it must not come to a good end'),
    (error: unknown) => error,
  )

/** Nothing is under way any more, and no thread is left. */
const SETTLED = { state: 'FAILED', pending: 0, queued: 0, threads: 0 }

describe.each(KINDS)('of a parent in a %s:', (kind) => {
  describe.each(['own', 'parent'] as const)('a child in a thread that is its %s', (thread) => {
    describe.each(HOOKS)('that breaks in its "%s" hook', (hook) => {
      // In its parent's thread a child that spins keeps its parent from watching it: see below.
      const ways = WAYS.filter((way) => !(way === 'spin' && thread === 'parent'))

      it.each(ways)('by %s: the move of its parent rejects with the cause, and all is settled', async (way) => {
        await using pool = new Pool()
        const isSpun = way === 'spin'
        const parent = await nursery(pool, { kind, thread, faults: { [hook]: way === 'kill' ? 'hang' : way }, isSpun })
        const failed = new Promise((resolve) => parent.on('failed', resolve))
        const moved = (async () => {
          await parent.start()
          await parent.stop()
        })()
        const error = await rejection(moved)
        await failed
        expect(told(error)).toMatch(TOLD[way])
        expect(error).toMatchObject({ code: 'ERR_TROUPE_START_FAILED' })
        expect(parent.stats()).toMatchObject(SETTLED)
        await expect(parent.proxy.ping()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING' })
        expect((await pool.graph()).nodes.map(({ id }) => id)).toEqual([
          'context:root',
          `context:root/${contextOf(kind, 'nursery')}`,
          'service:root/nursery',
        ])
      })
    })

    it.each(['throw', 'reject'] as const)(
      'that breaks in a call by %s: the call rejects, and both go on',
      async (way) => {
        await using pool = new Pool()
        const parent = await nursery(pool, { kind, thread, faults: {}, isSpun: false })
        await parent.start()
        await expect(parent.proxy.provoke(way)).rejects.toMatchObject({ name: 'FragileError', code: 'E_FRAGILE' })
        expect(await parent.proxy.ping()).toBe('pong')
        expect(parent.state).toBe('RUNNING')
      },
    )

    it.each(['exit', 'outOfMemory', 'uncaught', 'unhandled'] as const)(
      'that breaks in a call by %s: its call, its parent and all calls of that reject, and all is settled',
      async (way) => {
        await using pool = new Pool()
        const parent = await nursery(pool, { kind, thread, faults: {}, isSpun: false })
        await parent.start()
        const lingering = rejection(parent.proxy.linger())
        const provoked = rejection(parent.proxy.provoke(way))
        const failure = await rejection(parent.finished)
        expect(told(failure)).toMatch(TOLD[way])
        expect(told(await provoked)).toMatch(TOLD[way])
        expect(told(await lingering)).toMatch(TOLD[way])
        expect(parent.stats()).toMatchObject(SETTLED)
      },
    )

    it('that spins in a call goes on until it is killed, which rejects the call and all of its parent', async () => {
      await using pool = new Pool()
      const parent = await nursery(pool, { kind, thread, faults: {}, isSpun: false })
      await parent.start()
      expect(await parent.proxy.childPing()).toBe('pong from 1')
      const lingering = rejection(parent.proxy.linger())
      const provoked = rejection(parent.proxy.provoke('spin'))
      await new Promise((resolve) => setImmediate(resolve))
      // In its parent's thread nothing but the end of that thread can end it.
      if (thread === 'parent') parent.kill()
      else void parent.proxy.killChild().catch(() => {}) // rejects with its parent, as every call of that does
      expect(told(await rejection(parent.finished))).toMatch(/was killed/)
      expect(told(await provoked)).toMatch(/was killed/)
      expect(told(await lingering)).toMatch(/was killed/)
      expect(parent.stats()).toMatchObject(SETTLED)
    })

    it('that is killed by its parent fails it, with all its calls', async () => {
      await using pool = new Pool()
      const parent = await nursery(pool, { kind, thread, faults: {}, isSpun: false })
      await parent.start()
      const lingering = rejection(parent.proxy.linger())
      const killed = parent.proxy.killChild().catch(() => {})
      expect(told(await rejection(parent.finished))).toMatch(TOLD.kill)
      expect(told(await lingering)).toMatch(TOLD.kill)
      await killed
      expect(parent.stats()).toMatchObject(SETTLED)
    })
  })

  describe.each(HOOKS)('a child that spins in its "%s" hook, in its parent’s thread', (hook) => {
    it('ends that thread by the limits of its parent, and all is settled', async () => {
      await using pool = new Pool()
      const parent = await nursery(pool, { kind, thread: 'parent', faults: { [hook]: 'spin' }, isSpun: true })
      const failed = new Promise((resolve) => parent.on('failed', resolve))
      const moved = (async () => {
        await parent.start()
        await parent.stop()
      })()
      expect(told(await rejection(moved))).toMatch(/took longer than (500|1000) ms/)
      await failed
      expect(parent.stats()).toMatchObject(SETTLED)
    })
  })

  describe('what a child sees of its parent’s end', () => {
    it.each(['exit', 'outOfMemory', 'uncaught', 'unhandled'] as const)(
      'by %s in a call: it is gone with it, and a restart brings both anew',
      async (way) => {
        await using pool = new Pool()
        const parent = await nursery(pool, { kind, thread: 'own', faults: {}, isSpun: false })
        await parent.start()
        await rejection(parent.proxy.breakNow(way))
        await rejection(parent.finished)
        expect(parent.stats()).toMatchObject(SETTLED)
        await parent.restart()
        expect(await parent.proxy.childPing()).toBe('pong from 1')
      },
    )
  })
})
