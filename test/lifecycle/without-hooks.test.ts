import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Service } from '@troupe/worker-host'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture, openPool } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Hearer } from '../fixtures/services/hearer.ts'

interface Plain extends Service {
  greet(name: string): string
}

const spec = { name: 'plain', module: fixture('plain.mjs'), exportName: 'Plain' }

/** Its host is ahead of its owner, who must not notice. */
describe.each(KINDS)('a service without hooks, in a %s', (kind) => {
  it('passes every state on its way up and down', async () => {
    await using pool = openPool()
    const handle = (await placeOf(pool, kind)).add<Plain>(spec)
    const states: string[] = []
    handle.on('state', ({ state }) => states.push(state))
    await handle.start()
    expect(states).toEqual(['PREPARING', 'PAUSED', 'STARTING', 'RUNNING'])
    await pool.close()
    expect(states.slice(4)).toEqual(['PAUSING', 'PAUSED', 'STOPPING', 'STOPPED'])
  })

  it('that is asked to pause while it loads has its calls wait until it is started', async () => {
    await using pool = openPool()
    const handle = (await placeOf(pool, kind)).add<Plain>(spec)
    const started = handle.start()
    const paused = handle.pause()
    await expect(started).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
    await paused
    const answer = handle.proxy.greet('you')
    await nextTurn()
    expect(handle.stats()).toMatchObject({ state: 'PAUSED', queued: 1, pending: 0 })
    await handle.start()
    expect(await answer).toBe('hello you')
  })

  it('that is asked to stop while it loads stops, and is started anew', async () => {
    await using pool = openPool()
    const handle = (await placeOf(pool, kind)).add<Plain>(spec)
    void handle.start()
    await handle.stop()
    expect(handle.state).toBe('STOPPED')
    await handle.start()
    expect(await handle.proxy.greet('you')).toBe('hello you')
    expect(handle.generation).toBe(2)
  })

  it.each(['stop', 'close'] as const)(
    'hears of its end by its signals, and what it defers then is released: %s',
    async (way) => {
      await using pool = openPool()
      using notes = new Notebook()
      const place = await placeOf(pool, kind)
      const handle = await place.spawn<Hearer>({ name: 'hearer', module: fixture('hearer.ts') })
      await handle.proxy.hear(notes.path)
      if (way === 'stop') await handle.stop()
      else await pool.close()
      expect(notes.lines).toEqual(['a stop is asked for', expect.stringContaining('it begins to stop'), 'released'])
    },
  )

  it('is where it was asked to go last, and answers there or refuses', async () => {
    await using pool = openPool()
    const handle = (await placeOf(pool, kind)).add<Plain>(spec)
    const ask = fc.constantFrom('start', 'pause', 'stop', 'restart')
    const step = fc.record({ ask, turns: fc.nat(30) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const outcomes: Promise<unknown>[] = []
        let last: Promise<void> = Promise.resolve()
        for (const { ask, turns } of steps) {
          last = handle[ask as 'start']()
          last.catch(() => {})
          outcomes.push(handle.proxy.greet('you').catch(({ code }) => code))
          for (let turn = 0; turn < turns; turn++) await nextTurn()
        }
        await last
        const target = { start: 'RUNNING', restart: 'RUNNING', pause: 'PAUSED', stop: 'STOPPED' }[steps.at(-1)!.ask]
        expect(handle.state).toBe(target)
        if (target === 'PAUSED') await handle.start()
        for (const outcome of outcomes) expect(['hello you', 'ERR_TROUPE_NOT_RUNNING']).toContain(await outcome)
      }),
      { numRuns: 15 },
    )
  })
})
