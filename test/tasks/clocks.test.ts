import { ManualClock } from '@troupe/worker-host/testing'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../packages/worker-host/src/clock/clock.ts'

describe('a manual clock', () => {
  it('stands still until it is advanced', async () => {
    const clock = new ManualClock(1_000)
    expect([clock.now(), clock.date()]).toEqual([0, 1_000])
    await clock.advance(250)
    expect([clock.now(), clock.date()]).toEqual([250, 1_250])
  })

  it('calls timers at their own times, in the order of these, and of their arming where they are equal', async () => {
    const clock = new ManualClock()
    const calls: string[] = []
    for (const [name, delayMs] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
      ['b again', 20],
      ['never', 31],
    ] as const) {
      clock.setTimer(() => calls.push(`${name} ${clock.now()}`), delayMs)
    }
    await clock.advance(30)
    expect(calls).toEqual(['a 10', 'b 20', 'b again 20', 'c 30'])
    expect(clock.pending).toBe(1)
  })

  it('calls what a timer arms, also by promises, within the same advance', async () => {
    const clock = new ManualClock()
    const times: number[] = []
    const again = async () => {
      times.push(clock.now())
      for (let hop = 0; hop < 100; hop++) await undefined
      clock.setTimer(again, 10)
    }
    clock.setTimer(again, 10)
    await clock.advance(35)
    expect(times).toEqual([10, 20, 30])
  })

  it('does not call a timer that was taken back, even by one that is due with it', async () => {
    const clock = new ManualClock()
    const calls: string[] = []
    clock.setTimer(() => {
      calls.push('first')
      cancel()
    }, 10)
    const cancel = clock.setTimer(() => calls.push('second'), 10)
    await clock.advance(10)
    cancel()
    expect(calls).toEqual(['first'])
  })

  it('has a time of day that can be set while no time passes', async () => {
    const clock = new ManualClock(new Date('2024-03-01T12:00Z'))
    clock.setDate(new Date('2024-03-01T10:00Z'))
    await clock.advance(1_000)
    expect([clock.now(), new Date(clock.date()).toISOString()]).toEqual([1_000, '2024-03-01T10:00:01.000Z'])
  })

  it('can not be turned back', async () => {
    await expect(new ManualClock().advance(-1)).rejects.toThrow(RangeError)
  })
})

describe('the system clock', () => {
  it('calls back once, not before its time by more than the grain of a timer, and not when it was taken back', async () => {
    const startMs = systemClock.now()
    const cancel = systemClock.setTimer(() => expect.unreachable('it was taken back'), 1)
    cancel()
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, 5))
    expect(systemClock.now() - startMs).toBeGreaterThan(4)
  })

  it('does not take a delay of years for no delay', async () => {
    const cancel = systemClock.setTimer(() => expect.unreachable('years can not have passed'), 2 ** 33)
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, 5))
    cancel()
  })
})
