import { Pool } from '@troupe/runtime'
import { type RestState, Service, type ServiceState, type TransitionOptions, transition } from '@troupe/worker-host'
import { describe, expect, it } from 'vitest'
import { movesOf } from '../../packages/worker-host/src/service/transition.ts'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Stage } from './stage.ts'

const STATES: readonly ServiceState[] = [
  'STOPPED',
  'PREPARING',
  'PAUSED',
  'STARTING',
  'RUNNING',
  'PAUSING',
  'STOPPING',
  'FAILED',
]
const TARGETS: readonly RestState[] = ['STOPPED', 'PAUSED', 'RUNNING']
const POSSIBLE = new Set([
  'STOPPED → RUNNING',
  'RUNNING → STOPPED',
  'PREPARING → STOPPED',
  'STARTING → STOPPED',
  'PAUSING → STOPPED',
])
const CELLS = STATES.flatMap((from) => TARGETS.map((to) => [from, to] as const))

const contextOf = (more: object = {}) =>
  ({ kind: 'method', name: 'move', static: false, private: false, ...more }) as unknown as ClassMethodDecoratorContext

/** What a compiler without metadata makes of a decorated method. */
function declare(options: TransitionOptions, method = () => {}): () => void {
  transition(options)(method, contextOf())
  return method
}

const refused = expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' })

describe('a declaration', () => {
  it.each(CELLS)('from %s to %s is a move, or an error that lists those that there can be', (from, to) => {
    if (POSSIBLE.has(`${from} → ${to}`)) expect(() => declare({ from, to })).not.toThrow()
    else expect(() => declare({ from, to })).toThrow(/RUNNING → STOPPED, PREPARING → STOPPED/)
  })

  it.each([
    ['without a target', { from: 'RUNNING' }],
    ['without a beginning', { to: 'STOPPED' }],
    ['of nothing', undefined],
    ['with a target that is no rest', { from: 'RUNNING', to: 'FAILED' }],
    ['with an unknown option', { from: 'RUNNING', to: 'STOPPED', via: 'STOPPING' }],
  ])('%s is refused when the class is defined', (_, options) => {
    expect(() => declare(options as TransitionOptions)).toThrow(refused)
  })

  it.each([
    ['static', contextOf({ static: true })],
    ['private', contextOf({ private: true })],
    ['symbol-named', contextOf({ name: Symbol.iterator })],
  ])('on a %s method is refused', (_, context) => {
    expect(() => transition({ from: 'RUNNING', to: 'STOPPED' })(() => {}, context)).toThrow(refused)
  })

  it('of one method for two moves is refused when the class is defined', () => {
    const method = declare({ from: 'RUNNING', to: 'STOPPED' })
    expect(() => declare({ from: 'PREPARING', to: 'STOPPED' }, method)).toThrow(refused)
  })

  describe.each(KINDS)('of a class that is loaded in a %s', (kind) => {
    it('of two methods for one move is refused when the class is defined', async () => {
      await using pool = new Pool()
      const spawned = (await placeOf(pool, kind)).spawn({ name: 'wrong', module: fixture('two-moves.ts') })
      await expect(spawned).rejects.toMatchObject({
        cause: {
          code: 'ERR_TROUPE_BAD_OPTIONS',
          message: '@transition on "two": RUNNING → STOPPED is the move of "one" already',
        },
      })
    })

    it.each([
      ['Plain', undefined],
      ['NoTarget', /"quickStop" in the static field "transitions" of "NoTarget": RUNNING → undefined/],
      ['NoMethod', /is no method/],
      ['Twice', /the move of "one" already/],
    ])('by the static field of %s: error %s when it is loaded', async (exportName, error) => {
      await using pool = new Pool()
      const handle = (await placeOf(pool, kind)).add({ name: 'plain', module: fixture('plain-moves.mjs'), exportName })
      if (error === undefined) await handle.start()
      else await expect(handle.start()).rejects.toThrow(error)
      const states: string[] = []
      handle.on('state', ({ state }) => states.push(state))
      await handle.stop()
      expect(states).toEqual(error === undefined ? ['STOPPING', 'STOPPED'] : ['STOPPED'])
    })
  })

  it('of two methods for one move is refused when the class is loaded, where the compiler does not tell decorators of their class', () => {
    class Wrong {
      one() {}
      two() {}
    }
    for (const name of ['one', 'two'] as const) {
      declare({ from: 'RUNNING', to: 'STOPPED' }, Wrong.prototype[name])
    }
    expect(() => movesOf(Wrong, Object.prototype)).toThrow(refused)
  })

  it('of a subclass overrides its parent’s for the same move, and an override without one has none', () => {
    class Parent {
      first() {}
      boot() {}
    }
    class Child extends Parent {
      second() {}
      override boot() {}
    }
    declare({ from: 'RUNNING', to: 'STOPPED' }, Parent.prototype.first)
    declare({ from: 'STOPPED', to: 'RUNNING' }, Parent.prototype.boot)
    declare({ from: 'RUNNING', to: 'STOPPED' }, Child.prototype.second)
    expect(movesOf(Child, Object.prototype).map(({ hook }) => hook)).toEqual(['second'])
    expect(movesOf(Parent, Object.prototype).map(({ hook }) => hook)).toEqual(['first', 'boot'])
  })

  it('is nothing of the base class', () => {
    class Bare extends Service {}
    expect(movesOf(Bare, Service.prototype)).toEqual([])
  })
})

const shortcut = { exportName: 'Shortcut' }

/** A stop that comes while the hook runs. */
const OVERTAKEN = [
  ['prepare', 'unprepare', 'pause'],
  ['start', 'unstart', 'start'],
  ['pause', 'unpause', 'pause'],
] as const

describe.each(KINDS)('in a %s:', (kind) => {
  describe('a service with direct moves', () => {
    it('starts by its own move, the first time too, and stops by its own move', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), shortcut)
      for (const _ of [1, 2]) {
        stage.states.length = 0
        await stage.handle.start()
        await stage.handle.stop()
        expect(stage.states).toEqual(['PREPARING', 'RUNNING', 'STOPPING', 'STOPPED'])
      }
      expect(await stage.handle.finished).toBe('stopped')
      await stage.hears('quickStop')
      expect(stage.heard.filter((hook) => ['prepare', 'start', 'pause', 'stop'].includes(hook))).toEqual([])
    })

    it('goes the usual way where it has no move: to PAUSED and back', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), shortcut)
      await stage.handle.pause()
      await stage.handle.start()
      await stage.handle.pause()
      expect(stage.states).toEqual(['PREPARING', 'PAUSED', 'STARTING', 'RUNNING', 'PAUSING', 'PAUSED'])
      await stage.hears('task')
      expect(stage.heard).toEqual(['prepare', 'start', 'pause', 'task'])
    })

    it('takes the nearest class’s move', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), { exportName: 'Sooner' })
      await stage.handle.start()
      await stage.handle.stop()
      await stage.hears('deferred')
      expect(stage.heard).toEqual(['prepare', 'start', 'fastest', 'task', 'deferred'])
    })

    it('on a direct stop answers calls first, then ends its tasks, and releases what was deferred', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), shortcut)
      await stage.handle.pause()
      await stage.handle.start()
      const answered = stage.handle.proxy.ping()
      await stage.handle.stop()
      expect(await answered).toBe('pong from 1')
      await stage.hears('deferred')
      expect(stage.heard).toEqual(['prepare', 'start', 'quickStop', 'task', 'deferred'])
    })

    it('is FAILED with what a direct stop threw, and no step was left out', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), { ...shortcut, parts: { quickStop: 'reject' } })
      await stage.handle.pause()
      await stage.handle.start()
      await expect(stage.handle.stop()).rejects.toMatchObject({ cause: { message: 'quickStop is broken' } })
      await stage.hears('deferred')
      expect(stage.heard).toEqual(expect.arrayContaining(['quickStop', 'task', 'deferred']))
      expect(stage.handle.state).toBe('FAILED')
    })
  })

  describe.each(OVERTAKEN)('a stop while "%s" runs', (hook, overtaking, ask) => {
    async function overtaken(stage: Stage) {
      if (hook === 'start') await stage.handle.pause()
      if (hook === 'pause') await stage.handle.pause().then(() => stage.handle.start())
      stage.states.length = 0
      const superseded = expect(stage.handle[ask]()).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
      await stage.hears(hook)
      const stopped = stage.handle.stop()
      await superseded
      return stopped
    }
    const via = { prepare: 'PREPARING', start: 'STARTING', pause: 'PAUSING' }[hook]

    it(`begins "${overtaking}" while it still runs, and its end counts no more`, async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), { ...shortcut, parts: { [hook]: 'hang' } })
      await overtaken(stage)
      await stage.hears('deferred')
      expect(stage.states).toEqual([via, 'STOPPING', 'STOPPED'])
      const begun = stage.heard.indexOf(hook)
      expect(stage.heard.slice(begun, begun + 2)).toEqual([hook, overtaking])
      expect(stage.heard).not.toContain('stop')
    })

    it('a hook that ends in the meantime changes nothing', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), {
        ...shortcut,
        parts: { [hook]: 'give in', [overtaking]: 'wait for the gate' },
      })
      const stopped = overtaken(stage)
      await stage.hears(`${hook} is told`)
      await stage.hears(overtaking)
      expect(stage.handle.state).toBe('STOPPING')
      stage.openGate()
      await stopped
      expect(stage.states).toEqual([via, 'STOPPING', 'STOPPED'])
    })

    it('logs the error of the overtaken hook, and is not failed by it', async () => {
      await using pool = new Pool()
      using stage = new Stage(await placeOf(pool, kind), {
        ...shortcut,
        parts: { [hook]: 'break', [overtaking]: 'wait for the gate' },
      })
      const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
      const stopped = overtaken(stage)
      expect(await warned).toMatchObject({
        code: 'TROUPE_OVERTAKEN',
        message: expect.stringContaining(`${hook} is broken`),
      })
      await stage.hears(overtaking)
      stage.openGate()
      await stopped
      expect(stage.handle.state).toBe('STOPPED')
    })

    it('starts anew afterwards, when that was asked for meanwhile', async () => {
      await using pool = new Pool()
      const parts = { [hook]: 'hang', [overtaking]: 'wait for the gate' } as const
      using stage = new Stage(await placeOf(pool, kind), { ...shortcut, parts, isOnce: true })
      const stopped = overtaken(stage).catch((error: unknown) => error)
      await stage.hears(overtaking)
      const started = stage.handle.start()
      stage.openGate()
      await started
      expect(await stopped).toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
      expect(await stage.handle.proxy.ping()).toBe('pong from 2')
    })
  })
})

describe('a service with direct moves in several threads', () => {
  it('is repaired by the same way: a new thread starts as the others did', async () => {
    await using pool = new Pool()
    using stage = new Stage(pool, { ...shortcut, threads: 2, supervision: { restart: 'permanent' } })
    await stage.handle.start()
    const restarted = new Promise((resolve) => stage.handle.on('restarted', resolve))
    await expect(stage.handle.proxy.exit()).rejects.toMatchObject({ exitCode: 7 })
    expect(await restarted).toBe(3)
    await stage.handle.stop()
    await stage.hears('deferred')
    expect(stage.heard).not.toContain('prepare')
    expect(stage.heard.filter((hook) => hook === 'boot')).toHaveLength(3)
  })
})
