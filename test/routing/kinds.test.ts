/** Three levels of contexts, in every mixture of threads and processes: each is killed in turn while calls run in all. */
import { type Context, Pool, type ServiceHandle } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, type Kind } from '../fixtures/kinds.ts'
import type { Branch } from '../fixtures/services/branch.ts'
import { Watch } from '../fixtures/watch.ts'

const MIXTURES = KINDS.flatMap((a) => KINDS.flatMap((b) => KINDS.map((c) => [a, b, c] as const)))
const LEVELS = ['a', 'b', 'c'] as const

interface Tree {
  readonly context: Context
  readonly top: ServiceHandle<Branch>
  readonly beside: ServiceHandle<Branch>
  /** Asks the service at that level, through all above it. */
  readonly ask: (level: (typeof LEVELS)[number], method: string, ...args: unknown[]) => Promise<unknown>
}

async function grow(pool: Pool, [a, b, c]: readonly [Kind, Kind, Kind], port: number): Promise<Tree> {
  const branch = { module: fixture('branch.ts'), options: { port } }
  const context = await pool.context({ name: 'a', kind: a })
  const top = await context.spawn<Branch>({ ...branch, name: 'in-a' })
  const beside = await pool.spawn<Branch>({ ...branch, name: 'beside' })
  await top.proxy.grow('b', b)
  await top.proxy.ask('in-b', 'grow', 'c', c)
  const ask: Tree['ask'] = (level, method, ...args) => {
    if (level === 'a') return top.proxy.ask('in-a', method, ...args)
    if (level === 'b') return top.proxy.ask('in-b', method, ...args)
    return top.proxy.ask('in-b', 'ask', 'in-c', method, ...args)
  }
  return { context, top, beside, ask }
}

describe.each(MIXTURES)('a %s with a %s below it, and a %s below that', (...mixture) => {
  it('know each other by their paths, and call each other up and down', async () => {
    await using pool = new Pool()
    using watch = await Watch.open()
    const { ask } = await grow(pool, mixture, watch.port)
    expect(await ask('c', 'whoCalls')).toBe('root/a/b calls root/a/b/c')
    expect(await ask('c', 'ask', 'beside', 'whoCalls')).toBe('root/a/b/c calls root/beside')
    expect(await ask('c', 'ask', 'in-a', 'whoCalls')).toBe('root/a/b/c calls root/a')
    expect(await ask('c', 'ask', 'beside', 'echo', { at: new Date(0) })).toEqual({ at: new Date(0) })
  })

  it.each(LEVELS)('settle all calls when "%s" is killed, with the reason, and the rest goes on', async (victim) => {
    await using pool = new Pool()
    using watch = await Watch.open()
    const { context, top, beside, ask } = await grow(pool, mixture, watch.port)
    const fallen = LEVELS.slice(LEVELS.indexOf(victim))
    const dead = fallen.map((level) => ask(level, 'waitForever'))
    const deadOutcomes = Promise.allSettled(dead)
    const below = ask('c', 'ask', 'beside', 'waitForever').catch((error: unknown) => error)
    for (const level of LEVELS) await ask(level, 'echo', 1) // what was asked before it has begun

    if (victim === 'a') context.kill()
    else await ask(victim, 'exit', 7).catch(() => {})

    const outcomes = await deadOutcomes
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: true },
      })
    }
    expect(await below).toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
    await watch.left(LEVELS.length + 1 - fallen.length)
    expect(await beside.proxy.echo('still here')).toBe('still here')
    for (const level of LEVELS.slice(0, LEVELS.indexOf(victim))) expect(await ask(level, 'echo', 2)).toBe(2)
    expect(top.state).toBe(victim === 'a' ? 'FAILED' : 'RUNNING')
  })

  it('all end when the pool closes', async () => {
    using watch = await Watch.open()
    const pool = new Pool()
    await grow(pool, mixture, watch.port)
    await pool.close()
    await watch.left(0)
  })
})
