import type { ServiceState } from '@troupe/worker-host'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Reconciler } from '../../packages/runtime/src/lifecycle/reconciler.ts'
import type { TargetState, Transition } from '../../packages/runtime/src/lifecycle/transitions.ts'

/** A reconciler whose moves end when the test says so. */
function controlled() {
  const states: ServiceState[] = []
  const failures: unknown[] = []
  const hooks: string[] = []
  const inHand: PromiseWithResolvers<void>[] = []
  const reconciler = new Reconciler({
    service: 'subject',
    carryOut: (move: Transition) => {
      hooks.push(move.hook)
      const work = Promise.withResolvers<void>()
      inHand.push(work)
      return work.promise
    },
    onState: (state) => states.push(state),
    onGoal: () => {},
    onFailed: (error) => failures.push(error),
  })
  /** Ends the move in hand, and lets the loop get to the next. */
  const finish = async (error?: unknown) => {
    const work = inHand.shift()
    if (error === undefined) work?.resolve()
    else work?.reject(error)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const finishAll = async () => {
    while (inHand.length > 0) await finish()
  }
  return { reconciler, states, failures, hooks, finish, finishAll, inHand }
}

async function at(target: TargetState) {
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

  it('revive goes from FAILED straight to PREPARING', async () => {
    const { reconciler, states, finishAll } = await at('RUNNING')
    reconciler.fail(new Error('broken'))
    const revived = reconciler.revive()
    await finishAll()
    await revived
    expect(states).toEqual(['FAILED', 'PREPARING', 'PAUSED', 'STARTING', 'RUNNING'])
  })

  it('revive waits for the move that was in hand when it failed', async () => {
    const { reconciler, hooks, finish, finishAll } = controlled()
    reconciler.aim('RUNNING').catch(() => {})
    reconciler.fail(new Error('crash'))
    const revived = reconciler.revive()
    expect(hooks).toEqual(['prepare'])
    await finish(new Error('crash'))
    await finishAll()
    await revived
    expect(hooks).toEqual(['prepare', 'prepare', 'start'])
  })
})

/** What may follow what, told or untold. */
const NEXT: Readonly<Record<ServiceState, readonly ServiceState[]>> = {
  STOPPED: ['PREPARING'],
  PREPARING: ['PAUSED', 'FAILED'],
  PAUSED: ['STARTING', 'STOPPING', 'FAILED'],
  STARTING: ['RUNNING', 'FAILED'],
  RUNNING: ['PAUSING', 'FAILED'],
  PAUSING: ['PAUSED', 'FAILED'],
  STOPPING: ['STOPPED', 'FAILED'],
  FAILED: ['STOPPED', 'PREPARING'],
}

describe('any sequence of goals, ends of moves and crashes', () => {
  const step = fc.constantFrom('RUNNING', 'PAUSED', 'STOPPED', 'finish', 'throw', 'crash', 'revive')

  it('takes a path of the diagram, never overlaps moves, settles every promise and reaches the last goal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { reconciler, states, finish, finishAll, inHand } = controlled()
        const promises: Promise<unknown>[] = []
        const keep = (promise: Promise<unknown>) => promises.push(promise.catch(() => 'rejected'))
        let last: ServiceState = 'STOPPED'
        for (const action of steps) {
          if (action === 'finish') await finish()
          else if (action === 'throw') await finish(new Error('thrown'))
          else if (action === 'crash') reconciler.fail(new Error('crash'))
          else if (action === 'revive') keep(reconciler.revive())
          else keep(reconciler.aim(action as TargetState))
          expect(inHand.length).toBeLessThanOrEqual(1)
          last = reconciler.target
        }
        await finishAll()
        await Promise.all(promises)
        expect(reconciler.state).toBe(last)
        states.reduce((from: ServiceState, to) => {
          expect(NEXT[from], `${from} → ${to} in ${states.join(' ')}`).toContain(to)
          return to
        }, 'STOPPED')
      }),
      { numRuns: 200 },
    )
  })
})
