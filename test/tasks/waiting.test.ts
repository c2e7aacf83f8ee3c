import { describe, expect, it } from 'vitest'
import { beginBackground, openBackground, settled } from './open-background.ts'

describe('sleep', () => {
  it('tells true when the time has passed', async () => {
    const { background, clock } = await openBackground()
    const slept = background.sleep('10s')
    await clock.advance(9_999)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    expect(await slept).toBe(true)
  })

  it('in a task ends early with false when the task is told to end, leaves first', async () => {
    const { background, tasks, clock } = await openBackground()
    const order: string[] = []
    const sleeper = (name: string) => async () => order.push(`${name} ${await background.sleep('1h')}`)
    tasks.run(async () => {
      tasks.run(sleeper('child'))
      await sleeper('parent')()
    })
    await background.leave(1_000)
    expect(order).toEqual(['child false', 'parent false'])
    expect(clock.pending).toBe(0)
  })

  it('in a task that is awaited at the end goes on', async () => {
    const { background, tasks, clock } = await openBackground()
    const slept = Promise.withResolvers<boolean>()
    tasks.run(async () => slept.resolve(await background.sleep(100)), { onStop: 'await' })
    const left = background.leave(10_000)
    await clock.advance(100)
    expect(await slept.promise).toBe(true)
    await left
  })

  it('outside of tasks ends early when a stop is asked for, and at once after that', async () => {
    const { background } = await openBackground()
    const slept = background.sleep('1h')
    background.heedStop(true)
    expect(await slept).toBe(false)
    expect(await background.sleep('1h')).toBe(false)
  })

  it('outside of tasks waits again when the stop is called off', async () => {
    const { background, clock } = await openBackground()
    background.heedStop(true)
    background.heedStop(false)
    const slept = background.sleep(5)
    await clock.advance(5)
    expect(await slept).toBe(true)
  })

  it('in a task ends early when another one fails', async () => {
    const { background, tasks } = await openBackground()
    const slept = Promise.withResolvers<boolean>()
    tasks.run(async () => slept.resolve(await background.sleep('1h')))
    tasks.run(() => Promise.reject(new Error('broken')))
    expect(await slept.promise).toBe(false)
  })

  it('in the start hook ends early when a task fails meanwhile', async () => {
    const { background, tasks } = beginBackground()
    const slept = background.sleep('1h')
    tasks.run(() => Promise.reject(new Error('broken')))
    expect(await slept).toBe(false)
  })

  it('of no duration rejects with BAD_OPTIONS', async () => {
    const { background } = await openBackground()
    await expect(background.sleep('soon' as '1s')).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_OPTIONS' })
  })
})

describe('wait', () => {
  it('gives the values of all promises', async () => {
    const { background } = await openBackground()
    expect(await background.wait([Promise.resolve(1), 'two', settled()])).toEqual({
      outcome: 'settled',
      values: [1, 'two', undefined],
    })
  })

  it('rejects as the first promise that does', async () => {
    const { background } = await openBackground()
    await expect(background.wait([new Promise(() => {}), Promise.reject(new Error('no'))])).rejects.toThrow('no')
  })

  it('without promises waits for the end', async () => {
    const { background } = await openBackground()
    const waited = background.wait([])
    background.heedStop(true)
    expect(await waited).toEqual({ outcome: 'stopped' })
  })

  it('tells a time-out from a stop', async () => {
    const { background, clock } = await openBackground()
    const never = new Promise(() => {})
    const timedOut = background.waitAtMost('5s', [never])
    await clock.advance(5_000)
    expect(await timedOut).toEqual({ outcome: 'timedOut' })
    const stopped = background.waitAtMost('5s', [never])
    background.heedStop(true)
    expect(await stopped).toEqual({ outcome: 'stopped' })
    expect(clock.pending).toBe(0)
  })

  it('that has ended early leaves no rejection unhandled', async () => {
    const { background } = await openBackground()
    const late = Promise.withResolvers<never>()
    const waited = background.wait([late.promise])
    background.heedStop(true)
    expect(await waited).toEqual({ outcome: 'stopped' })
    late.reject(new Error('nobody waits'))
    expect(await background.wait([Promise.reject(new Error('nobody waits'))])).toEqual({ outcome: 'stopped' })
    await settled()
  })
})

describe('every', () => {
  it('counts intervals without drift, first after one, until the service stops', async () => {
    const { background, clock } = await openBackground()
    const seen: [number, number][] = []
    const loop = (async () => {
      for await (const n of background.every('1s')) seen.push([n, clock.now()])
    })()
    await clock.advance(3_500)
    background.heedStop(true)
    await loop
    expect(seen).toEqual([
      [1, 1_000],
      [2, 2_000],
      [3, 3_000],
    ])
    expect(clock.pending).toBe(0)
  })

  it('leaves out what goes by while the body of the loop runs', async () => {
    const { background, clock } = await openBackground()
    const seen: number[] = []
    const loop = (async () => {
      for await (const n of background.every(10)) {
        seen.push(n)
        if (n === 1) await background.sleep(25)
        if (n > 4) break
      }
    })()
    await clock.advance(100)
    await loop
    expect(seen).toEqual([1, 4, 5])
    expect(clock.pending).toBe(0)
  })

  it('lets go of its timer at once when its reader leaves while it waits', async () => {
    const { background, clock } = await openBackground()
    const ticks = background.every('1h')
    const next = ticks.next()
    expect(clock.pending).toBe(1)
    expect(await ticks.return()).toEqual({ done: true, value: undefined })
    expect(await next).toEqual({ done: true, value: undefined })
    expect(clock.pending).toBe(0)
  })

  it('of no time at all throws BAD_OPTIONS at once', async () => {
    const { background } = await openBackground()
    expect(() => background.every(0)).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }))
  })
})

describe('what is deferred', () => {
  it('is released last in first out, each after the one before has ended', async () => {
    const { background } = await openBackground()
    const { disposables } = background
    const order: string[] = []
    disposables.defer(() => order.push('first'))
    const resource = { [Symbol.dispose]: () => order.push('second') }
    expect(disposables.use(resource)).toBe(resource)
    disposables.use({
      async [Symbol.asyncDispose]() {
        await settled()
        order.push('third')
      },
    })
    expect(disposables.use(undefined)).toBe(undefined)
    expect(await disposables.dispose()).toEqual([])
    expect(order).toEqual(['third', 'second', 'first'])
    expect(await disposables.dispose()).toEqual([])
  })

  it('is released although another one throws; the errors are given in their order', async () => {
    const { background } = await openBackground()
    const { disposables } = background
    const released: string[] = []
    disposables.defer(() => released.push('last'))
    disposables.defer(() => Promise.reject(new Error('two')))
    disposables.defer(() => {
      disposables.defer(() => released.push('added meanwhile'))
      throw new Error('one')
    })
    expect(await disposables.dispose()).toEqual([new Error('one'), new Error('two')])
    expect(released).toEqual(['added meanwhile', 'last'])
  })

  it.each([[5], [{}]])('%o can not be', async (value) => {
    const { background } = await openBackground()
    expect(() => background.disposables.defer(value as never)).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }),
    )
    expect(() => background.disposables.use(value as never)).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }),
    )
  })
})
