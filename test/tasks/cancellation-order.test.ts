import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openBackground, settled, untilAborted } from './open-background.ts'

/** A task of a random tree; its parent stands before it in the list. */
interface Plan {
  readonly parent: number
  /** Turns of the event loop: before each spawn, before its own end, and in its `finally`. */
  readonly turns: readonly [spawning: number, ending: number, releasing: number]
  /** Works until it is told to end, ends by itself, or fails, which leaves its children to its parent. */
  readonly fate: 'work' | 'end' | 'fail'
}

const plans = (size: number) =>
  fc.array(
    fc.record({
      parent: fc.nat(),
      turns: fc.tuple(fc.nat(2), fc.nat(3), fc.nat(3)),
      fate: fc.constantFrom<Plan['fate']>('work', 'work', 'work', 'end', 'fail'),
    }),
    { minLength: size, maxLength: size, size: 'max' },
  )

const turns = async (count: number) => {
  for (let left = count; left > 0; left--) await settled()
}

/** Runs the tree, cancels it in the middle of its growth, and gives each task that was told to end too early. */
async function tooEarly(tree: readonly Plan[], turnsBeforeCancel: number): Promise<string[]> {
  const { background, tasks } = await openBackground()
  const children = new Map<number, number[]>()
  for (const [index, { parent }] of tree.entries()) {
    const above = index === 0 ? -1 : parent % (index + 1) === index ? -1 : parent % (index + 1)
    children.set(above, [...(children.get(above) ?? []), index])
  }
  const live = new Set<number>()
  const problems: string[] = []
  const liveBelow = (index: number): number[] =>
    (children.get(index) ?? []).flatMap((child) => [...(live.has(child) ? [child] : []), ...liveBelow(child)])
  const check = (what: string, index: number) => {
    const left = liveBelow(index)
    if (left.length > 0) problems.push(`${index} ${what} while ${left} lived`)
  }
  const grow = async (index: number) => {
    for (const child of children.get(index) ?? []) {
      await turns(tree[child]!.turns[0])
      tasks.run((signal) => carryOut(child, signal), { name: `${child}`, onError: 'log' })
    }
  }
  const carryOut = async (index: number, signal: AbortSignal) => {
    const { fate, turns: waits } = tree[index]!
    live.add(index)
    signal.addEventListener('abort', () => check('was told', index), { once: true })
    try {
      await grow(index)
      if (fate === 'work') await untilAborted(signal)
      await turns(waits[1])
      if (fate === 'fail') throw new Error('failed')
    } finally {
      await turns(waits[2])
      if (signal.aborted) check('released', index)
      live.delete(index)
    }
  }
  await grow(-1)
  await turns(turnsBeforeCancel)
  const { unfinished } = await background.leave(10_000)
  if (live.size > 0 || unfinished.length > 0) problems.push(`at the end ${[...live]} lived`)
  const { total, finished } = tasks.stats
  if (total !== finished) problems.push(`${total} tasks began, ${finished} finished`)
  return problems
}

describe('when a tree of tasks is cancelled', () => {
  it.each([
    [14, 200],
    [500, 8],
  ])('of %i tasks, none is told, and none releases, before all that it spawned have ended', async (size, numRuns) => {
    await fc.assert(
      fc.asyncProperty(plans(size), fc.nat(12), async (tree, turnsBeforeCancel) => {
        expect(await tooEarly(tree, turnsBeforeCancel)).toEqual([])
      }),
      { numRuns },
    )
  })

  it('500 deep, all end', async () => {
    const tree = Array.from(
      { length: 500 },
      (_, index): Plan => ({ parent: Math.max(0, index - 1), turns: [0, 0, 0], fate: 'work' }),
    )
    expect(await tooEarly(tree, 0)).toEqual([])
  })
})
