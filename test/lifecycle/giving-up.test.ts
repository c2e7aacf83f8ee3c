import { Pool, type ServiceHandle } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Part } from '../fixtures/services/staged.ts'
import { Stage } from './stage.ts'

type Ask = 'start' | 'pause' | 'stop'
const GOALS = { start: 'RUNNING', pause: 'PAUSED', stop: 'STOPPED' } as const

/** Asks for `first`, waits until the hook runs, and asks for `then`; only after that is a hook over that is held. */
async function turnedRound(stage: Stage, hook: string, first: Ask, then: Ask) {
  const { handle } = stage
  if (hook === 'pause' || hook === 'stop') await handle.start()
  if (hook === 'stop') await handle.pause()
  stage.states.length = 0
  const superseded = expect(handle[first]()).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
  await stage.hears(hook)
  const reached = handle[then]()
  stage.openGate()
  await superseded
  return { reached, reachedOrNot: reached.catch((error: unknown) => error) }
}

/** Goals that lead away from where the hook goes. */
const AWAY: readonly (readonly [hook: string, first: Ask, then: Ask])[] = [
  ['prepare', 'start', 'stop'],
  ['prepare', 'pause', 'stop'],
  ['start', 'start', 'stop'],
  ['start', 'start', 'pause'],
  ['pause', 'pause', 'start'],
  ['pause', 'stop', 'start'],
  ['stop', 'stop', 'start'],
  ['stop', 'stop', 'pause'],
]

describe.each(KINDS)('in a %s:', (kind) => {
  describe.each(AWAY)('in "%s" on the way by %s, %s', (hook, first, then) => {
    const goal = GOALS[then]

    it('raises `this.stopping` at once; a hook that returns for it lets the move end, and the goal is reached', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), { parts: { [hook]: 'give in' }, isOnce: true, isHeld: true })
      const { reached } = await turnedRound(stage, hook, first, then)
      await stage.hears(`${hook} is told`)
      await reached
      expect(stage.handle.state).toBe(goal)
      expect(stage.heard).not.toContain('cleanup of SupersededError')
    })

    it.each<Part>(['give up', 'give up a timer'])(
      'takes a hook that rejects by it (%s) to STOPPED, cleaned up, and not to FAILED',
      async (part) => {
        await using pool = new Pool()
        using stage = new Stage(await placeOf(pool, kind), { parts: { [hook]: part }, isOnce: true, isHeld: true })
        const { reached } = await turnedRound(stage, hook, first, then)
        await reached
        await stage.hears('cleanup of SupersededError')
        expect(stage.states.slice(0, stage.states.indexOf('STOPPED') + 1).at(-2)).toMatch(/ING$/)
        expect(stage.states).not.toContain('FAILED')
        expect(stage.handle.state).toBe(goal)
        expect(stage.handle.generation).toBe(then === 'stop' ? 1 : 2)
      },
    )

    it('fails the service when the hook rejects by an error of its own', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), { parts: { [hook]: 'break' }, isHeld: true })
      const { reachedOrNot } = await turnedRound(stage, hook, first, then)
      expect(await reachedOrNot).toMatchObject({ code: 'ERR_TROUPE_START_FAILED', cause: { name: 'RangeError' } })
      expect(stage.handle.state).toBe('FAILED')
    })
  })

  describe('a goal that leads where the hook goes, or on from there', () => {
    it.each([
      ['prepare', 'start', 'pause'],
      ['prepare', 'pause', 'start'],
    ] as const)('does not raise `this.stopping`: in "%s" on the way by %s, %s', async (hook, first, then) => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), { parts: { [hook]: 'wait for the gate' } })
      const superseded = expect(stage.handle[first]()).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
      await stage.hears(hook)
      const reached = stage.handle[then]()
      await superseded
      stage.openGate()
      await reached
      expect(stage.heard).not.toContain(`${hook} is told`)
      expect(stage.handle.generation).toBe(1)
    })
  })

  describe('a hook on the way down that gives up for the stop itself', () => {
    it.each(['pause', 'stop'])('"%s" is over with that, and the stop goes on', async (hook) => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), { parts: { [hook]: 'give up' } })
      await stage.handle.start()
      await stage.handle.stop()
      await stage.hears('deferred')
      expect(stage.heard).toEqual([
        'prepare',
        'start',
        'pause',
        ...(hook === 'pause' ? ['pause is told'] : []),
        'task',
        'stop',
        ...(hook === 'stop' ? ['stop is told'] : []),
        'deferred',
      ])
      expect(await stage.handle.finished).toBe('stopped')
    })
  })

  it('a stop that is called off leaves a hook that had given up for it on its way through STOPPED', async () => {
    await using pool = new Pool()
    using stage = new Stage(await placeOf(pool, kind), { parts: { start: 'give up' }, isOnce: true })
    const { reachedOrNot } = await turnedRound(stage, 'start', 'start', 'stop')
    await stage.handle.start()
    expect(await reachedOrNot).toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
    expect(stage.states.slice(-5)).toEqual(['STOPPED', 'PREPARING', 'PAUSED', 'STARTING', 'RUNNING'])
  })

  it('a clean-up that throws after a hook gave up fails the service', async () => {
    await using pool = new Pool()
    using stage = new Stage(await placeOf(pool, kind), { parts: { start: 'give up', cleanup: 'throw' } })
    const { reachedOrNot } = await turnedRound(stage, 'start', 'start', 'stop')
    expect(await reachedOrNot).toMatchObject({ cause: { message: 'cleanup is broken' } })
    expect(stage.handle.state).toBe('FAILED')
  })

  describe('STOPPED on the way to a newer goal', () => {
    const calls = (handle: ServiceHandle<{ ping(): string }>) => [handle.proxy.ping(), handle.proxy.ping()]

    it('is passed with the calls that were made for that goal, and ends a life', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), { parts: { stop: 'wait for the gate' }, isOnce: true })
      await stage.handle.start()
      const { finished } = stage.handle
      const stopped = expect(stage.handle.stop()).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
      await stage.hears('stop')
      const started = stage.handle.start()
      const waiting = Promise.all(calls(stage.handle as unknown as ServiceHandle<{ ping(): string }>))
      await stopped
      stage.openGate()
      await started
      expect(await waiting).toEqual(['pong from 2', 'pong from 2'])
      expect(await finished).toBe('stopped')
      expect(stage.handle.finished).not.toBe(finished)
      expect(await stage.handle.proxy.ping()).toBe('pong from 2')
    })
  })
})
