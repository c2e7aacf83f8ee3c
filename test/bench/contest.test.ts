import { expect, it } from 'vitest'
import { hold } from '../../packages/bench/contest.ts'
import { type Closable, type Contestant, NotOffered, QUICK, type Scenario } from '../../packages/bench/question.ts'

/** A contestant whose every reading is the next number of a list, or what it throws. */
type Player = Closable & { readonly name: string; readonly readings: (number | Error)[] }

const PACE = { ...QUICK, rounds: 3, costlyRounds: 2 }

function contest(readings: Record<string, (number | Error)[]>, scenario: Partial<Scenario<Player>> = {}) {
  const log: string[] = []
  const contestants = Object.entries(readings).map(
    ([name, list]): Contestant<Player> => ({
      name,
      from: null,
      async open() {
        if (list[0] instanceof RangeError) throw list[0]
        return { name, readings: [...list], close: async () => void log.push(`${name} closed`) }
      },
    }),
  )
  const one: Scenario<Player> = {
    name: 'one',
    unit: 'units',
    better: 'more',
    cores: 'all',
    base: 'A',
    isCostly: true,
    async measure({ name, readings }) {
      log.push(name)
      const reading = readings.shift()!
      if (reading instanceof Error) throw reading
      return reading
    },
    ...scenario,
  }
  const confinement = { isPossible: false, confineTo: async () => {} }
  const result = hold({ contestants, scenarios: [one] }, { pace: PACE, confinement, progress: () => {}, only: null })
  return { result, log }
}

it('measures in turns, there and back, and closes everyone at the end', async () => {
  const { result, log } = contest({ A: [1, 2], B: [3, 8] })
  const [scenario] = await result
  expect(log).toEqual(['A', 'B', 'B', 'A', 'A closed', 'B closed'])
  expect(scenario!.rows).toMatchObject([
    { name: 'A', rounds: [1, 2], ratio: 1 },
    { name: 'B', rounds: [3, 8], ratio: 3.5 },
  ])
})

it('warms up first where the scenario is not costly, and does not count it', async () => {
  const { result } = contest({ A: [100, 1, 2, 3] }, { isCostly: false })
  const [scenario] = await result
  expect(scenario!.rows).toMatchObject([{ rounds: [1, 2, 3] }])
})

it('keeps one that fails in the list with the reason, closes it at once, and goes on without it', async () => {
  const { result, log } = contest({ A: [1, 2], B: [new Error('broke\nand more')], C: [3, 4] })
  const [scenario] = await result
  expect(log).toEqual(['A', 'B', 'B closed', 'C', 'C', 'A', 'A closed', 'C closed'])
  expect(scenario!.rows).toMatchObject([{ name: 'A' }, { name: 'B', error: 'broke' }, { name: 'C', rounds: [3, 4] }])
})

it('keeps one that cannot be opened in the list with the reason', async () => {
  const [scenario] = await contest({ A: [1, 2], B: [new RangeError('no such module')] }).result
  expect(scenario!.rows).toMatchObject([{ name: 'A' }, { name: 'B', error: 'no such module' }])
})

it('does not take what is not offered for a failure', async () => {
  const [scenario] = await contest({ A: [1, 2], B: [new NotOffered('has no streams')] }).result
  expect(scenario!.rows).toMatchObject([{ name: 'A' }, { name: 'B', absent: 'has no streams' }])
})

it('gives no ratios when the base has failed', async () => {
  const [scenario] = await contest({ A: [new Error('broke')], B: [1, 2] }).result
  expect(scenario!.rows).toMatchObject([{ error: 'broke' }, { ratio: null }])
})
