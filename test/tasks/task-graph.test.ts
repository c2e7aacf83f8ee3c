import { describe, expect, it } from 'vitest'
import { beginBackground, openBackground, settled, untilAborted } from './open-background.ts'

const GRACE_MS = 10_000

describe('a task', () => {
  it('begins at once, gets a signal, and runs beside its spawner', async () => {
    const { tasks } = await openBackground()
    const begun: unknown[] = []
    const task = tasks.run((signal) => void begun.push(signal.aborted), { name: 'fetch' })
    expect(begun).toEqual([false])
    expect(await task.ended).toBe('completed')
  })

  it('is named by its option, else by its function', async () => {
    const { tasks } = await openBackground()
    async function poll() {}
    expect([tasks.run(poll).name, tasks.run(poll, { name: 'own' }).name, tasks.run(() => {}).name]).toEqual([
      'poll',
      'own',
      'task',
    ])
  })

  it.each([
    ['no function', 5, {}],
    ['an unknown option', () => {}, { demon: true }],
    ['a wrong onStop', () => {}, { onStop: 'kill' }],
    ['a wrong onError', () => {}, { onError: 'throw' }],
    ['an empty name', () => {}, { name: '' }],
    ['a limit that limits nothing', () => {}, { timeoutMs: 5 }],
    ['a limit that is no number', () => {}, { onStop: 'await', timeoutMs: '5s' }],
  ])('with %s is refused with BAD_OPTIONS, and does not run', async (_, run, options) => {
    const { tasks } = await openBackground()
    expect(() => tasks.run(run as () => void, options as object)).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }),
    )
    expect(tasks.stats.total).toBe(0)
  })

  it('that fails ends the graph with its error, after all others have ended', async () => {
    const { background, tasks } = await openBackground({ body: untilAborted })
    const other = tasks.run(untilAborted)
    const failing = tasks.run(async () => Promise.reject(new RangeError('broken')))
    await expect(background.ended).rejects.toThrow(new RangeError('broken'))
    expect(await failing.ended).toBe('failed')
    expect(await other.ended).toBe('aborted')
    expect(await background.leave(GRACE_MS)).toEqual({ errors: [], unfinished: [] })
  })

  it('that throws at once fails the graph, not its spawner', async () => {
    const { background, tasks } = await openBackground()
    tasks.run(() => {
      throw new RangeError('at once')
    })
    await expect(background.ended).rejects.toThrow('at once')
  })

  it('with onError: log that fails is reported, and the graph goes on', async () => {
    const { background, tasks, reports } = await openBackground()
    const task = tasks.run(() => Promise.reject(new Error('no matter')), { name: 'loose', onError: 'log' })
    expect(await task.ended).toBe('failed')
    expect(reports).toEqual(['task "loose": no matter'])
    await background.leave(GRACE_MS)
    expect(await background.ended).toBe('aborted')
  })

  it('that fails with live children hands them to its parent, which waits for them', async () => {
    const { background, tasks } = await openBackground({ body: untilAborted })
    const ends: string[] = []
    const gate = Promise.withResolvers<void>()
    const parent = tasks.run(
      async (signal) => {
        tasks.run(
          async () => {
            tasks.run(() => gate.promise, { name: 'orphan', onStop: 'await' })
            throw new Error('middle failed')
          },
          { name: 'middle', onError: 'log' },
        )
        await untilAborted(signal)
      },
      { name: 'parent' },
    )
    void parent.ended.then(() => ends.push('parent'))
    void gate.promise.then(() => ends.push('orphan'))
    await settled()
    expect(tasks.stats.running).toEqual(['parent', 'orphan'])
    const left = background.leave(GRACE_MS)
    await settled()
    expect(parent.signal.aborted).toBe(false)
    gate.resolve()
    await left
    expect(ends).toEqual(['orphan', 'parent'])
  })

  it('that returns lives until the tasks that it spawned have ended', async () => {
    const { tasks } = await openBackground()
    const gate = Promise.withResolvers<void>()
    const parent = tasks.run(() => void tasks.run(() => gate.promise, { name: 'child' }), { name: 'parent' })
    await settled()
    expect(tasks.stats).toMatchObject({ total: 2, finished: 0, pending: 2, running: ['parent', 'child'] })
    gate.resolve()
    expect(await parent.ended).toBe('completed')
    expect(tasks.stats).toMatchObject({ total: 2, finished: 2, pending: 0, running: [] })
  })

  it('that is spawned from what a task left behind is the child of the nearest that still lives', async () => {
    const { background, tasks } = await openBackground({ body: untilAborted })
    const gate = Promise.withResolvers<void>()
    const outer = tasks.run(
      async (signal) => {
        tasks.run(() => void gate.promise.then(() => tasks.run(untilAborted, { name: 'late' })), { name: 'gone' })
        await untilAborted(signal)
      },
      { name: 'outer' },
    )
    await settled()
    gate.resolve()
    await settled()
    const ends: string[] = []
    void outer.ended.then(() => ends.push(...tasks.stats.running))
    await background.leave(GRACE_MS)
    expect(ends).toEqual([])
    expect(tasks.stats).toMatchObject({ total: 3, finished: 3 })
  })
})

describe('a daemon', () => {
  it.each([
    ['returns', () => {}, undefined],
    ['throws, with onError: log', () => Promise.reject(new Error('why')), { message: 'why' }],
  ])('that %s before the end fails the service with DaemonTaskExitError', async (_, run, cause) => {
    const { background, tasks } = await openBackground()
    tasks.run(run, { name: 'beat', daemon: true, onError: 'log' })
    await expect(background.ended).rejects.toMatchObject({
      name: 'DaemonTaskExitError',
      code: 'ERR_TROUPE_DAEMON_EXIT',
      message: expect.stringContaining('"beat" of service "subject"'),
      ...(cause && { cause }),
    })
  })

  it('that fails fails the service with its own error', async () => {
    const { background, tasks } = await openBackground()
    tasks.run(() => Promise.reject(new RangeError('own')), { daemon: true })
    await expect(background.ended).rejects.toThrow(new RangeError('own'))
  })

  it('that ends when it is told to is no failure', async () => {
    const { background, tasks } = await openBackground()
    const daemon = tasks.run(untilAborted, { daemon: true })
    expect(await background.leave(GRACE_MS)).toEqual({ errors: [], unfinished: [] })
    expect(await daemon.ended).toBe('aborted')
    expect(await background.ended).toBe('aborted')
  })
})

describe('the body', () => {
  it('is the root: what it spawns is its child, and it is told last', async () => {
    const { background, tasks } = beginBackground()
    const order: string[] = []
    const ending = (name: string) => async (signal: AbortSignal) => {
      await untilAborted(signal)
      order.push(name)
    }
    const body = (signal: AbortSignal) => {
      tasks.run(ending('child'))
      return ending('run')(signal)
    }
    background.enter(body, {}, [])
    await background.leave(GRACE_MS)
    expect(order).toEqual(['child', 'run'])
  })

  it('that returns does not end the service while its tasks live; then it has completed', async () => {
    const { background, tasks } = beginBackground()
    const gate = Promise.withResolvers<void>()
    background.enter(() => void tasks.run(() => gate.promise), {}, [])
    const ends: string[] = []
    void background.ended.then((end) => ends.push(end))
    await settled()
    expect(ends).toEqual([])
    gate.resolve()
    expect(await background.ended).toBe('completed')
  })

  it('does not begin when a task that the start hook spawned has failed', async () => {
    const { background, tasks } = beginBackground()
    tasks.run(() => Promise.reject(new Error('too early')))
    await settled()
    background.enter(() => expect.unreachable('the body has begun'), {}, [])
    await expect(background.ended).rejects.toThrow('too early')
  })

  it('of a service without one waits for the end', async () => {
    const { background, tasks } = await openBackground()
    await tasks.run(() => {}).ended
    const left = background.leave(GRACE_MS)
    expect(await background.ended).toBe('aborted')
    expect(await left).toEqual({ errors: [], unfinished: [] })
  })
})

describe('when the service is ending', () => {
  it('a spawn is not run, and is no error; after the end it is NOT_RUNNING', async () => {
    const { background, tasks } = await openBackground()
    const late = Promise.withResolvers<string>()
    tasks.run(async (signal) => {
      await untilAborted(signal)
      const skipped = tasks.run(() => expect.unreachable('it has begun'))
      late.resolve(await skipped.ended)
    })
    await background.leave(GRACE_MS)
    expect(await late.promise).toBe('skipped')
    expect(() => tasks.run(() => {})).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_NOT_RUNNING' }))
  })

  it('a spawn before the first start is NOT_RUNNING', async () => {
    const { Background } = await import('../../packages/worker-host/src/tasks/background.ts')
    const { ManualClock } = await import('@troupe/worker-host/testing')
    const clock = new ManualClock()
    const background = new Background({ service: () => 'new', state: () => 'PREPARING', clock: () => clock })
    expect(() => background.tasks.run(() => {})).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_NOT_RUNNING', message: expect.stringContaining('PREPARING') }),
    )
  })

  it('a task that throws what its signal told it has obeyed', async () => {
    const { background, tasks } = await openBackground()
    const obedient = [
      tasks.run(async (signal) => {
        await untilAborted(signal)
        signal.throwIfAborted()
      }),
      tasks.run(async (signal) => {
        const { setTimeout } = await import('node:timers/promises')
        await setTimeout(60_000, undefined, { signal })
      }),
    ]
    await settled()
    expect(await background.leave(GRACE_MS)).toEqual({ errors: [], unfinished: [] })
    expect(await Promise.all(obedient.map(({ ended }) => ended))).toEqual(['aborted', 'aborted'])
  })

  it('other errors are collected in the order they happened, and keep no task from ending', async () => {
    const { background, tasks } = await openBackground({
      body: async (signal) => {
        await untilAborted(signal)
        throw new Error('run')
      },
    })
    const failing = (name: string) => async (signal: AbortSignal) => {
      await untilAborted(signal)
      throw new Error(name)
    }
    tasks.run(async (signal) => {
      tasks.run(failing('leaf'))
      await failing('parent')(signal)
    })
    const { errors } = await background.leave(GRACE_MS)
    expect(errors).toEqual([new Error('leaf'), new Error('parent'), new Error('run')])
    expect(await background.ended).toBe('aborted')
    expect((await background.leave(GRACE_MS)).errors).toEqual([])
  })

  it('onStop: await lets a task end by itself', async () => {
    const { background, tasks } = await openBackground()
    const gate = Promise.withResolvers<void>()
    const swan = tasks.run(() => gate.promise, { onStop: 'await' })
    const left = background.leave(GRACE_MS)
    await settled()
    expect(swan.signal.aborted).toBe(false)
    gate.resolve()
    expect(await left).toEqual({ errors: [], unfinished: [] })
    expect(await swan.ended).toBe('completed')
  })

  it('onStop: await with a time limit aborts the task at the limit', async () => {
    const { background, tasks, clock } = await openBackground()
    const swan = tasks.run(untilAborted, { onStop: 'await', timeoutMs: 50 })
    const left = background.leave(GRACE_MS)
    await clock.advance(49)
    expect(swan.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(await left).toEqual({ errors: [], unfinished: [] })
    expect(await swan.ended).toBe('aborted')
    expect(clock.pending).toBe(0)
  })

  it('the limit never aborts a task before those that it spawned have ended', async () => {
    const { background, tasks, clock } = await openBackground()
    const gate = Promise.withResolvers<void>()
    const parent = tasks.run(
      (signal) => {
        tasks.run(() => gate.promise, { onStop: 'await' })
        return untilAborted(signal)
      },
      { onStop: 'await', timeoutMs: 50 },
    )
    const left = background.leave(GRACE_MS)
    await clock.advance(100)
    expect(parent.signal.aborted).toBe(false)
    gate.resolve()
    await left
    expect(await parent.ended).toBe('aborted')
  })

  it('abortOnTimeout: false reports the task at its limit, and leaves it to the grace', async () => {
    const { background, tasks, clock, reports } = await openBackground()
    const swan = tasks.run(untilAborted, { name: 'swan', onStop: 'await', timeoutMs: 50, abortOnTimeout: false })
    const left = background.leave(200)
    await clock.advance(50)
    expect(reports).toEqual(['task "swan" still runs 50 ms after it was to end by itself'])
    await clock.advance(149)
    expect(swan.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(await left).toEqual({ errors: [], unfinished: ['swan'] })
  })

  it('past the grace the tasks that hold the end up are named: not those that wait for them', async () => {
    const { background, tasks, clock } = await openBackground({ body: untilAborted })
    tasks.run(
      (signal) => {
        tasks.run(() => new Promise(() => {}), { name: 'deaf' })
        return untilAborted(signal)
      },
      { name: 'waits' },
    )
    const left = background.leave(100)
    await clock.advance(100)
    expect(await left).toEqual({ errors: [], unfinished: ['deaf'] })
  })

  it('a body that does not listen is named as "run"', async () => {
    const { background, clock } = await openBackground({ body: () => new Promise(() => {}) })
    const left = background.leave(100)
    await clock.advance(100)
    expect((await left).unfinished).toEqual(['run'])
  })
})

describe('more than maxTasks live tasks of one parent', () => {
  it('are an error to the spawner; the others, and other parents, are unharmed', async () => {
    const { background, tasks } = await openBackground({ maxTasks: 3 })
    const three = [tasks.run(untilAborted), tasks.run(untilAborted), tasks.run(untilAborted)]
    expect(() => tasks.run(() => expect.unreachable('it has begun'))).toThrow(
      expect.objectContaining({
        code: 'ERR_TROUPE_TOO_MANY_TASKS',
        message: expect.stringContaining('"run" of service'),
      }),
    )
    expect(tasks.stats.pending).toBe(3)
    await background.leave(GRACE_MS)
    expect(await Promise.all(three.map(({ ended }) => ended))).toEqual(['aborted', 'aborted', 'aborted'])
  })

  it('counts those that live, by parent', async () => {
    const { tasks } = await openBackground({ maxTasks: 1 })
    for (let n = 0; n < 5; n++) await tasks.run(() => {}).ended
    const outer = tasks.run(() => tasks.run(() => tasks.run(() => {}).ended).ended)
    expect(await outer.ended).toBe('completed')
    expect(tasks.stats.total).toBe(8)
  })
})

it('two services keep their tasks apart, even where one calls the other', async () => {
  const one = await openBackground()
  const two = await openBackground()
  const gate = Promise.withResolvers<void>()
  const outer = one.tasks.run(() => void two.tasks.run(() => gate.promise, { name: 'inner' }), { name: 'outer' })
  expect(await outer.ended).toBe('completed')
  expect(one.tasks.stats).toMatchObject({ total: 1, running: [] })
  expect(two.tasks.stats).toMatchObject({ total: 1, running: ['inner'] })
  gate.resolve()
})

it('counts go on when the service pauses and starts again', async () => {
  const { background, tasks, begin, enter } = await openBackground()
  tasks.run(untilAborted)
  await background.leave(GRACE_MS)
  begin()
  await enter()
  tasks.run(untilAborted, { name: 'second life' })
  expect(tasks.stats).toMatchObject({ total: 2, finished: 1, pending: 1, running: ['second life'] })
  await background.leave(GRACE_MS)
})
