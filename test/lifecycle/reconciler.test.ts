import type { RestState, ServiceState } from '@troupe/worker-host'
import { type Move, TRANSITIONS } from '@troupe/worker-host/owner'
import { ManualClock } from '@troupe/worker-host/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Change, Reconciler } from '../../packages/runtime/src/lifecycle/reconciler.ts'
import { expectPath } from './diagram.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** A reconciler whose moves end when the test says so. */
function controlled(moves: readonly Move[] = []) {
  const clock = new ManualClock()
  const changes: Change[] = []
  const states: ServiceState[] = []
  const failures: unknown[] = []
  const hooks: string[] = []
  const inHand: PromiseWithResolvers<RestState>[] = []
  const ends = new Map<unknown, RestState>()
  const reconciler = new Reconciler({
    service: 'subject',
    clock,
    open: async () => [...moves, ...TRANSITIONS],
    carryOut: (move: Move, overtaken: AbortSignal) => {
      hooks.push(move.hook)
      const work = Promise.withResolvers<RestState>()
      ends.set(work, move.to)
      inHand.push(work)
      overtaken.addEventListener('abort', () => inHand.splice(inHand.indexOf(work), 1))
      return work.promise
    },
    onState: (change) => {
      states.push(change.state)
      changes.push(change)
    },
    onGoal: () => {},
    onFailed: (error) => failures.push(error),
  })
  const endWith = async (end: (work: PromiseWithResolvers<RestState>) => void) => {
    await settled() // a service that leaves STOPPED is loaded first
    const work = inHand.shift()
    if (work !== undefined) end(work)
    await settled()
  }
  /** Ends the move in hand, and lets the loop get to the next. */
  const finish = (error?: unknown) =>
    endWith((work) => (error === undefined ? work.resolve(ends.get(work)!) : work.reject(error)))
  const giveUp = () => endWith((work) => work.resolve('STOPPED'))
  const finishAll = async () => {
    await settled()
    while (inHand.length > 0) await finish()
  }
  return { reconciler, states, changes, clock, failures, hooks, finish, giveUp, finishAll, inHand }
}

type Rest = RestState | 'FAILED'
const RESTS: readonly Rest[] = ['STOPPED', 'PAUSED', 'RUNNING', 'FAILED']
const GOALS: readonly RestState[] = ['STOPPED', 'PAUSED', 'RUNNING']
const UP = 'PREPARING PAUSED STARTING RUNNING'
const DOWN = 'PAUSING PAUSED STOPPING STOPPED'

async function at(target: RestState) {
  const subject = controlled()
  const reached = subject.reconciler.aim(target)
  await subject.finishAll()
  await reached
  subject.states.length = 0
  subject.hooks.length = 0
  return subject
}

describe('goals', () => {
  it('start from STOPPED goes through PREPARING, PAUSED and STARTING', async () => {
    const { reconciler, states, hooks, finishAll } = controlled()
    const started = reconciler.aim('RUNNING')
    await finishAll()
    await started
    expect(states).toEqual(['PREPARING', 'PAUSED', 'STARTING', 'RUNNING'])
    expect(hooks).toEqual(['prepare', 'start'])
  })

  it('start then stop in one turn never calls start, and the start is superseded', async () => {
    const { reconciler, states, hooks, finishAll } = controlled()
    const started = reconciler.aim('RUNNING')
    const stopped = reconciler.aim('STOPPED')
    await expect(started).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
    await finishAll()
    await stopped
    expect(states).toEqual(['PREPARING', 'PAUSED', 'STOPPING', 'STOPPED'])
    expect(hooks).toEqual(['prepare', 'stop'])
  })

  it('stop while STARTING lets the hook finish, and RUNNING is seen', async () => {
    const { reconciler, states, finish, finishAll } = controlled()
    reconciler.aim('RUNNING')
    await finish()
    const stopped = reconciler.aim('STOPPED')
    await finishAll()
    await stopped
    expect(states).toEqual(['PREPARING', 'PAUSED', 'STARTING', 'RUNNING', 'PAUSING', 'PAUSED', 'STOPPING', 'STOPPED'])
  })

  it('stop then pause while PAUSING rests at PAUSED, and stop is never called', async () => {
    const { reconciler, states, hooks, finishAll } = await at('RUNNING')
    const stopped = reconciler.aim('STOPPED')
    const paused = reconciler.aim('PAUSED')
    await expect(stopped).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
    await finishAll()
    await paused
    expect(states).toEqual(['PAUSING', 'PAUSED'])
    expect(hooks).toEqual(['pause'])
  })

  it.each(['RUNNING', 'PAUSED'] as const)(
    '%s asked for while STOPPING: STOPPED is seen, then PREPARING',
    async (target) => {
      const { reconciler, states, finishAll } = await at('PAUSED')
      reconciler.aim('STOPPED')
      const reached = reconciler.aim(target)
      await finishAll()
      await reached
      expect(states.slice(0, 3)).toEqual(['STOPPING', 'STOPPED', 'PREPARING'])
      expect(reconciler.state).toBe(target)
    },
  )

  it.each(['STOPPED', 'PAUSED', 'RUNNING'] as const)('at %s already, it resolves without an event', async (target) => {
    const { reconciler, states } = target === 'STOPPED' ? controlled() : await at(target)
    await reconciler.aim(target)
    expect(states).toEqual([])
  })

  it('the same goal again gives the same promise and one hook call', async () => {
    const { reconciler, hooks, finishAll } = controlled()
    const first = reconciler.aim('PAUSED')
    expect(reconciler.aim('PAUSED')).toBe(first)
    await finishAll()
    await first
    expect(hooks).toEqual(['prepare'])
  })
})

describe('a restart', () => {
  it('passes STOPPED, from whatever state', async () => {
    const { reconciler, states, finishAll } = await at('RUNNING')
    const restarted = reconciler.restart()
    await finishAll()
    await restarted
    expect(states.join(' ')).toBe(`${DOWN} ${UP}`)
  })

  it.each(['STOPPED', 'PAUSED'] as const)('gives way to a later goal of %s, wherever it has got to', async (target) => {
    for (const moves of [0, 1, 2, 3]) {
      const { reconciler, finish, finishAll } = await at('RUNNING')
      const superseded = expect(reconciler.restart()).rejects.toMatchObject({ code: 'ERR_TROUPE_SUPERSEDED' })
      for (let move = 0; move < moves; move++) await finish()
      reconciler.aim(target)
      await superseded
      await finishAll()
      expect(reconciler.state).toBe(target)
    }
  })

  it('is joined by a start, and by another restart', async () => {
    const { reconciler, finishAll } = await at('RUNNING')
    const restarted = reconciler.restart()
    expect(reconciler.restart()).toBe(restarted)
    expect(reconciler.aim('RUNNING')).toBe(restarted)
    await finishAll()
    await restarted
  })
})

describe('failure', () => {
  it('a move that throws makes it FAILED and rejects the goal with the error', async () => {
    const { reconciler, states, failures, finish } = controlled()
    const started = reconciler.aim('RUNNING')
    const reason = new Error('no')
    const rejected = expect(started).rejects.toBe(reason)
    await finish(reason)
    await rejected
    expect(states).toEqual(['PREPARING', 'FAILED'])
    expect(failures).toEqual([reason])
    expect(reconciler.failure).toBe(reason)
  })

  it('the first error wins', async () => {
    const { reconciler, failures } = await at('RUNNING')
    reconciler.fail(new Error('first'))
    reconciler.fail(new Error('second'))
    expect(failures).toMatchObject([{ message: 'first' }])
  })

  it('a crash during a move keeps it FAILED when the move ends after all', async () => {
    const { reconciler, states, finish } = controlled()
    const started = reconciler.aim('RUNNING')
    const rejected = expect(started).rejects.toThrow('crash')
    reconciler.fail(new Error('crash'))
    await finish()
    await rejected
    expect(states).toEqual(['PREPARING', 'FAILED'])
  })

  it.each(['RUNNING', 'PAUSED'] as const)('%s rejects with the failure as cause', async (target) => {
    const { reconciler } = await at('RUNNING')
    const reason = new Error('broken')
    reconciler.fail(reason)
    await expect(reconciler.aim(target)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_RUNNING', cause: reason })
  })

  it('stop acknowledges it: STOPPED, and no hook is called', async () => {
    const { reconciler, states, hooks } = await at('RUNNING')
    reconciler.fail(new Error('broken'))
    await reconciler.aim('STOPPED')
    expect(states).toEqual(['FAILED', 'STOPPED'])
    expect(hooks).toEqual([])
    expect(reconciler.failure).toBeUndefined()
  })

  it('a restart goes from FAILED straight to PREPARING', async () => {
    const { reconciler, states, finishAll } = await at('RUNNING')
    reconciler.fail(new Error('broken'))
    const revived = reconciler.restart()
    await finishAll()
    await revived
    expect(states).toEqual(['FAILED', 'PREPARING', 'PAUSED', 'STARTING', 'RUNNING'])
  })

  it('a restart waits for the move that was in hand when it failed', async () => {
    const { reconciler, hooks, finish, finishAll } = controlled()
    reconciler.aim('RUNNING').catch(() => {})
    await settled()
    reconciler.fail(new Error('crash'))
    const revived = reconciler.restart()
    expect(hooks).toEqual(['prepare'])
    await finish(new Error('crash'))
    await finishAll()
    await revived
    expect(hooks).toEqual(['prepare', 'prepare', 'start'])
  })
})

const quick: Move = { from: 'RUNNING', to: 'STOPPED', via: 'STOPPING', hook: 'quick' }
const letGo: Move = { from: 'PREPARING', to: 'STOPPED', via: 'STOPPING', hook: 'letGo' }
const boot: Move = { from: 'STOPPED', to: 'RUNNING', via: 'PREPARING', hook: 'boot' }

describe('a direct move', () => {
  it('is taken as soon as the class is loaded', async () => {
    const { reconciler, states, hooks, finishAll } = controlled([boot, quick])
    for (const target of ['RUNNING', 'STOPPED'] as const) {
      reconciler.aim(target)
      await finishAll()
    }
    expect(hooks).toEqual(['boot', 'quick'])
    expect(states).toEqual(['PREPARING', 'RUNNING', 'STOPPING', 'STOPPED'])
  })

  it('from a state of motion overtakes what runs there, whose end is ignored', async () => {
    const { reconciler, states, hooks, finishAll, inHand } = controlled([letGo])
    reconciler.aim('RUNNING').catch(() => {})
    await settled()
    const overtaken = inHand[0]!
    const stopped = reconciler.aim('STOPPED')
    await settled()
    expect(hooks).toEqual(['prepare', 'letGo'])
    overtaken.reject(new Error('too late'))
    await finishAll()
    await stopped
    expect(states).toEqual(['PREPARING', 'STOPPING', 'STOPPED'])
  })

  it('overtakes at once what a goal from the time of loading has begun', async () => {
    const { reconciler, states, hooks, finishAll } = controlled([letGo])
    for (const target of ['PAUSED', 'STOPPED'] as const) {
      reconciler.aim(target)
      await finishAll()
    }
    hooks.length = states.length = 0
    reconciler.aim('RUNNING').catch(() => {})
    const stopped = reconciler.aim('STOPPED')
    await finishAll()
    await stopped
    expect(hooks).toEqual(['prepare', 'letGo'])
    expect(states).toEqual(['PREPARING', 'STOPPING', 'STOPPED'])
  })
})

describe('a change of state', () => {
  it('tells what it is owed to, and how long the move took that it ends', async () => {
    const { reconciler, changes, clock, finish, finishAll } = controlled()
    reconciler.aim('RUNNING')
    await settled()
    await clock.advance(20)
    await finish()
    await clock.advance(5)
    reconciler.aim('STOPPED', 'finish').catch(() => {})
    await finish()
    await clock.advance(1)
    reconciler.fail(new Error('broken'))
    reconciler.aim('STOPPED', 'close')
    await finishAll()
    expect(changes.map(({ state, cause, durationMs }) => [state, cause, durationMs])).toEqual([
      ['PREPARING', 'start', undefined],
      ['PAUSED', 'start', 20],
      ['STARTING', 'start', undefined],
      ['RUNNING', 'start', 5],
      ['PAUSING', 'finish', undefined],
      ['FAILED', 'failure', 1],
      ['STOPPED', 'close', undefined],
    ])
  })
})

/** What is seen when a goal is set at rest; 'rejected' when nothing can come of it. */
const FROM_REST: Readonly<Record<Rest, Readonly<Record<RestState, string>>>> = {
  STOPPED: { STOPPED: '', PAUSED: 'PREPARING PAUSED', RUNNING: UP },
  PAUSED: { STOPPED: 'STOPPING STOPPED', PAUSED: '', RUNNING: 'STARTING RUNNING' },
  RUNNING: { STOPPED: DOWN, PAUSED: 'PAUSING PAUSED', RUNNING: '' },
  FAILED: { STOPPED: 'STOPPED', PAUSED: 'rejected', RUNNING: 'rejected' },
}

describe.each(RESTS)('at rest in %s', (rest) => {
  it.each(GOALS)(`the goal %s is reached by the states of the table`, async (goal) => {
    const { reconciler, states, finishAll } = await at(rest === 'FAILED' ? 'RUNNING' : rest)
    if (rest === 'FAILED') reconciler.fail(new Error('broken'))
    states.length = 0
    const outcome = reconciler.aim(goal).then(
      () => states.join(' '),
      () => 'rejected',
    )
    await finishAll()
    expect(await outcome).toBe(FROM_REST[rest][goal])
    expect(reconciler.state).toBe(FROM_REST[rest][goal] === 'rejected' ? rest : goal)
  })
})

/** What is seen, from the end of the hook in hand on, when a goal is set in a state of motion. */
const IN_MOTION: readonly (readonly [
  via: ServiceState,
  from: RestState,
  first: RestState,
  Record<RestState, string>,
])[] = [
  [
    'PREPARING',
    'STOPPED',
    'PAUSED',
    { STOPPED: 'PAUSED STOPPING STOPPED', PAUSED: 'PAUSED', RUNNING: 'PAUSED STARTING RUNNING' },
  ],
  [
    'PREPARING',
    'STOPPED',
    'RUNNING',
    { STOPPED: 'PAUSED STOPPING STOPPED', PAUSED: 'PAUSED', RUNNING: 'PAUSED STARTING RUNNING' },
  ],
  [
    'STARTING',
    'PAUSED',
    'RUNNING',
    { STOPPED: `RUNNING ${DOWN}`, PAUSED: 'RUNNING PAUSING PAUSED', RUNNING: 'RUNNING' },
  ],
  [
    'PAUSING',
    'RUNNING',
    'PAUSED',
    { STOPPED: 'PAUSED STOPPING STOPPED', PAUSED: 'PAUSED', RUNNING: 'PAUSED STARTING RUNNING' },
  ],
  [
    'PAUSING',
    'RUNNING',
    'STOPPED',
    { STOPPED: 'PAUSED STOPPING STOPPED', PAUSED: 'PAUSED', RUNNING: 'PAUSED STARTING RUNNING' },
  ],
  [
    'STOPPING',
    'PAUSED',
    'STOPPED',
    { STOPPED: 'STOPPED', PAUSED: 'STOPPED PREPARING PAUSED', RUNNING: `STOPPED ${UP}` },
  ],
]

describe.each(IN_MOTION)('in %s, from %s on the way to %s', (via, from, first, seen) => {
  it.each(GOALS)('the goal %s is reached by the states of the table', async (goal) => {
    const { reconciler, states, finishAll } = from === 'STOPPED' ? controlled() : await at(from)
    const superseded = reconciler.aim(first).then(
      () => 'reached',
      (error) => error.code,
    )
    await settled()
    expect(reconciler.state).toBe(via)
    states.length = 0
    const reached = reconciler.aim(goal)
    await finishAll()
    await reached
    expect(states.join(' ')).toBe(seen[goal])
    expect(await superseded).toBe(goal === first ? 'reached' : 'ERR_TROUPE_SUPERSEDED')
  })
})

describe('any sequence of goals, ends of moves and crashes', () => {
  const step = fc.constantFrom('RUNNING', 'PAUSED', 'STOPPED', 'finish', 'give up', 'throw', 'crash', 'restart')

  it('takes a path of the diagram, never overlaps moves, settles every promise and reaches the last goal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.subarray([boot, quick, letGo]), async (steps, moves) => {
        const { reconciler, states, finish, giveUp, finishAll, inHand } = controlled(moves)
        const promises: Promise<unknown>[] = []
        const keep = (promise: Promise<unknown>) => promises.push(promise.catch(() => 'rejected'))
        let goal: RestState = 'STOPPED'
        for (const action of steps) {
          if (action === 'finish') await finish()
          else if (action === 'give up') await giveUp()
          else if (action === 'throw') await finish(new Error('thrown'))
          else if (action === 'crash') reconciler.fail(new Error('crash'))
          else {
            const target = action === 'restart' ? 'RUNNING' : (action as RestState)
            const isRefused = reconciler.state === 'FAILED' && action !== 'restart' && target !== 'STOPPED'
            if (!isRefused) goal = target
            keep(action === 'restart' ? reconciler.restart() : reconciler.aim(target))
          }
          expect(inHand.length).toBeLessThanOrEqual(1)
        }
        const last = reconciler.state === 'FAILED' ? 'FAILED' : goal
        await finishAll()
        await Promise.all(promises)
        expect(reconciler.state).toBe(last)
        expectPath(states)
      }),
      { numRuns: 200 },
    )
  })
})
