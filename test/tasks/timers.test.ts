import { ManualClock } from '@troupe/worker-host/testing'
import { describe, expect, it } from 'vitest'
import type { BackgroundMap } from '../../packages/worker-host/src/tasks/declarations.ts'
import { openBackground, settled, untilAborted } from './open-background.ts'

const GRACE_MS = 10_000
type Tick = (signal: AbortSignal) => unknown

/** A service with one job, `tick`. */
function withJob(entry: BackgroundMap[string], tick: Tick): object {
  class Subject {
    static background = { tick: entry }
    tick(signal: AbortSignal): unknown {
      return tick(signal)
    }
  }
  return new Subject()
}

async function open(entry: BackgroundMap[string], tick: (clock: ManualClock) => Tick, clock = new ManualClock()) {
  return openBackground({ clock, target: withJob(entry, tick(clock)) })
}

/** Tells the times of the calls, each of which lasts. */
async function timesOf(entry: BackgroundMap[string], advanceMs: number, durationsMs: readonly number[] = []) {
  const times: number[] = []
  const opened = await open(entry, (clock) => async () => {
    const durationMs = durationsMs[times.length] ?? 0
    times.push(clock.now())
    if (durationMs > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, durationMs))
  })
  await opened.clock.advance(advanceMs)
  return { ...opened, times }
}

describe('a timer', () => {
  it('calls first after one interval', async () => {
    expect((await timesOf({ every: '10ms' }, 35)).times).toEqual([10, 20, 30])
  })

  it('that is immediate calls at the start as well', async () => {
    expect((await timesOf({ every: '10ms', immediate: true }, 25)).times).toEqual([0, 10, 20])
  })

  it('at rate keeps to its times, skips those that come while a call runs, and counts them', async () => {
    const { times, tasks } = await timesOf({ every: 10 }, 80, [25, 3, 0, 11])
    expect(times).toEqual([10, 40, 50, 60, 80])
    expect(tasks.stats.timers).toEqual([{ name: 'tick', calls: 5, skipped: 3 }])
  })

  it('with a delay calls one interval after the call before has ended', async () => {
    const { times, tasks } = await timesOf({ every: 10, mode: 'delay' }, 70, [25, 3])
    expect(times).toEqual([10, 45, 58, 68])
    expect(tasks.stats.timers).toEqual([{ name: 'tick', calls: 4, skipped: 0 }])
  })

  it('that fails is reported, by default, and goes on', async () => {
    let calls = 0
    const { clock, reports, background } = await open({ every: 10 }, () => () => {
      calls++
      throw new Error(`call ${calls}`)
    })
    await clock.advance(20)
    expect(reports).toEqual(['task "tick": call 1', 'task "tick": call 2'])
    await background.leave(GRACE_MS)
    expect(await background.ended).toBe('aborted')
  })

  it('with onError: fail that fails fails the service', async () => {
    const { clock, background } = await open(
      { every: 10, onError: 'fail' },
      () => () => Promise.reject(new Error('fatal')),
    )
    await clock.advance(10)
    await expect(background.ended).rejects.toThrow('fatal')
    expect(clock.pending).toBe(0)
  })

  it('stops with the service: no call begins, and one that runs is waited for, within its grace', async () => {
    const gate = Promise.withResolvers<void>()
    let calls = 0
    const { clock, background, tasks } = await open({ every: 10 }, () => () => {
      calls++
      return gate.promise
    })
    await clock.advance(10)
    expect(tasks.stats.running).toEqual(['tick'])
    let hasLeft = false
    const left = background.leave(GRACE_MS).finally(() => {
      hasLeft = true
    })
    await clock.advance(100)
    expect([hasLeft, calls]).toEqual([false, 1])
    gate.resolve()
    expect(await left).toEqual({ errors: [], unfinished: [] })
    expect(clock.pending).toBe(0)
  })

  it('that never ends its call is named past the grace', async () => {
    const { clock, background } = await open({ every: 10 }, () => () => new Promise(() => {}))
    await clock.advance(10)
    const left = background.leave(50)
    await clock.advance(50)
    expect((await left).unfinished).toEqual(['tick'])
  })

  it('is not held up by the tasks that its calls spawn', async () => {
    const clock = new ManualClock()
    let spawned = 0
    class Spawner {
      static background = { tick: { every: 10 } }
      tick() {
        opened.tasks.run(untilAborted)
        spawned++
      }
    }
    const opened = await openBackground({ clock, target: new Spawner() })
    await clock.advance(30)
    expect(spawned).toBe(3)
    expect(opened.tasks.stats.pending).toBe(6)
    await opened.background.leave(GRACE_MS)
    expect(opened.tasks.stats.pending).toBe(0)
  })

  it('does not keep a service alive whose body has returned', async () => {
    const clock = new ManualClock()
    const { background } = await openBackground({ clock, body: () => {}, target: withJob({ every: 10 }, () => {}) })
    expect(await background.ended).toBe('completed')
    await clock.advance(100)
    expect(clock.pending).toBe(0)
  })

  it('begins anew when the service starts again after a pause', async () => {
    const { clock, times, background, begin, enter } = await timesOf({ every: 10 }, 15)
    await background.leave(GRACE_MS)
    await clock.advance(12)
    begin()
    await enter()
    await clock.advance(25)
    expect(times).toEqual([10, 37, 47])
  })
})

describe('1,000 timers in one service', () => {
  it('do not drift over 10,000 ticks of the clock, never overlap, and miss nothing', async () => {
    const clock = new ManualClock()
    const intervals = Array.from({ length: 1_000 }, (_, index) => 1 + ((index * 7_919) % 1_000))
    const calls = intervals.map(() => 0)
    const problems: string[] = []
    const background: Record<string, { every: number }> = {}
    class Crowd {
      static background = background
      readonly size = intervals.length
    }
    for (const [index, every] of intervals.entries()) {
      const name = `t${index}`
      background[name] = { every }
      let isRunning = false
      const tick = async () => {
        if (isRunning) problems.push(`${name} overlaps`)
        isRunning = true
        calls[index]!++
        if (clock.now() !== calls[index]! * every) problems.push(`${name} is called at ${clock.now()}`)
        await undefined
        isRunning = false
      }
      Object.defineProperty(Crowd.prototype, name, { value: tick })
    }
    const opened = await openBackground({ clock, target: new Crowd() })

    for (let tick = 0; tick < 10_000; tick++) await clock.advance(1)

    expect(problems).toEqual([])
    expect(calls).toEqual(intervals.map((every) => Math.floor(10_000 / every)))
    expect(opened.tasks.stats.timers.every(({ skipped }) => skipped === 0)).toBe(true)
    await opened.background.leave(GRACE_MS)
    await settled()
    expect(clock.pending).toBe(0)
  })
})

/** Counts how often a thread would wake up. */
class CountingClock extends ManualClock {
  wakeUps = 0
  override setTimer(callback: () => void, delayMs: number): () => void {
    return super.setTimer(() => {
      this.wakeUps++
      callback()
    }, delayMs)
  }
}

describe('between its ticks a service', () => {
  async function crowd(size: number, every: number) {
    const clock = new CountingClock()
    let calls = 0
    class Crowd {
      static background: Record<string, { every: number }> = {}
      readonly size = size
    }
    for (let index = 0; index < size; index++) {
      Crowd.background[`t${index}`] = { every: every + index }
      Object.defineProperty(Crowd.prototype, `t${index}`, { value: () => calls++ })
    }
    const opened = await openBackground({ clock, target: new Crowd() })
    return { ...opened, clock, calls: () => calls }
  }

  it('with 1,000 timers does not wake up once', async () => {
    const { clock, calls } = await crowd(1_000, 60_000)
    await clock.advance(59_999)
    expect([clock.wakeUps, calls(), clock.pending]).toEqual([0, 0, 1_000])
  })

  it('wakes up exactly as often as it has something to call', async () => {
    const { clock, calls } = await crowd(100, 50)
    await clock.advance(1_000)
    expect(calls()).toBeGreaterThan(600)
    expect(clock.wakeUps).toBe(calls())
  })
})

describe('a cron job', () => {
  const at = (time: string) => new Date(`2024-03-01T${time}Z`)
  const told = (clock: ManualClock) => new Date(clock.date()).toISOString().slice(11, 19)

  async function cronOf(entry: { cron: string; timezone?: string }, startAt: Date, durationMs = 0) {
    const times: string[] = []
    const clock = new ManualClock(startAt)
    const tick = () => async () => {
      times.push(told(clock))
      if (durationMs > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, durationMs))
    }
    return { ...(await open({ timezone: 'UTC', ...entry }, tick, clock)), times }
  }

  it('of five fields is called at its minutes', async () => {
    const { clock, times } = await cronOf({ cron: '*/30 * * * *' }, at('09:45:10'))
    await clock.advance(3_600_000)
    expect(times).toEqual(['10:00:00', '10:30:00'])
  })

  it('of six fields is called at its seconds', async () => {
    const { clock, times } = await cronOf({ cron: '*/20 * * * * *' }, at('09:45:10'))
    await clock.advance(60_000)
    expect(times).toEqual(['09:45:20', '09:45:40', '09:46:00'])
  })

  it('reads its fields in its time zone', async () => {
    const { clock, times } = await cronOf({ cron: '0 12 * * *', timezone: 'Asia/Tokyo' }, at('00:00:00'))
    await clock.advance(24 * 3_600_000)
    expect(times).toEqual(['03:00:00'])
  })

  it('skips what comes while a call runs', async () => {
    const { clock, times } = await cronOf({ cron: '* * * * * *' }, at('10:00:00'), 2_500)
    await clock.advance(7_000)
    expect(times).toEqual(['10:00:01', '10:00:04', '10:00:07'])
  })

  it('has no burst after the clock jumped forward: what was missed is skipped, and counted', async () => {
    const { clock, times, tasks } = await cronOf({ cron: '0 * * * *' }, at('09:30:00'))
    await clock.advance(60_000)
    clock.setDate(at('15:20:00'))
    await clock.advance(3_600_000)
    expect(times).toEqual(['16:00:00'])
    expect(tasks.stats.timers).toEqual([{ name: 'tick', calls: 1, skipped: 1 }])
  })

  it('is called late by less than a minute where that is all that was missed', async () => {
    const { clock, times } = await cronOf({ cron: '0 * * * *' }, at('09:59:40'))
    clock.setDate(at('10:00:20'))
    await clock.advance(60_000)
    expect(times).toEqual(['10:00:40'])
  })

  it('is not called again when the clock is set back over what it has done', async () => {
    const { clock, times } = await cronOf({ cron: '0 * * * *' }, at('09:59:00'))
    await clock.advance(120_000)
    clock.setDate(at('09:58:00'))
    await clock.advance(3_600_000 + 180_000)
    expect(times).toEqual(['10:00:00', '11:00:00'])
  })

  it('goes on when the clock is set back by days', async () => {
    const { clock, times } = await cronOf({ cron: '0 * * * *' }, at('09:59:00'))
    await clock.advance(120_000)
    clock.setDate(new Date('2024-02-20T04:30:00Z'))
    await clock.advance(3_600_000)
    expect(times).toEqual(['10:00:00', '05:00:00'])
  })

  it.each([
    ['61 * * * *', undefined, 'minute'],
    ['* * *', undefined, '3 fields'],
    ['* * * * * * *', undefined, '7 fields'],
    ['2030-01-01T00:00:00', undefined, '1 fields'],
    ['0 0 30 2 *', undefined, 'never'],
    ['* * * * *', 'Mars/Olympus', 'Mars/Olympus'],
    [undefined, undefined, '1 fields'],
  ])('of %o in zone %o is refused with BAD_OPTIONS, before anything begins', async (spec, timezone, text) => {
    const entry = { cron: spec as string, ...(timezone !== undefined && { timezone }) }
    await expect(openBackground({ target: withJob(entry, () => {}) })).rejects.toMatchObject({
      code: 'ERR_TROUPE_BAD_OPTIONS',
      message: expect.stringContaining(text),
    })
  })
})
