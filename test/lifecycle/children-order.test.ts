import { Pool } from '@troupe/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, type Kind, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Limb, LimbOptions } from '../fixtures/services/limb.ts'

interface Plan {
  /** Which of those before it has it for a child. */
  readonly parent: number
  readonly thread: 'own' | 'parent'
  readonly turns: number
  readonly breaks: boolean
}

const plans = (size: number) =>
  fc.array(
    fc.record({
      parent: fc.nat(),
      thread: fc.constantFrom<Plan['thread']>(...Array(7).fill('parent'), 'own'),
      turns: fc.nat(3),
      breaks: fc.constantFrom(false, false, false, false, true),
    }),
    { minLength: size, maxLength: size, size: 'max' },
  )

const parentOf = (plan: readonly Plan[], index: number): number => plan[index]!.parent % index

function treeOf(plan: readonly Plan[], log: string, index = 0): LimbOptions {
  const below = plan.flatMap((_, child) => (child > 0 && parentOf(plan, child) === index ? [child] : []))
  const { thread, turns, breaks } = plan[index]!
  return { index, thread, turns, breaks, log, below: below.map((child) => treeOf(plan, log, child)) }
}

/** Brings the tree up and down again. @returns who released what it held while one below it still held something */
async function tooEarly(kind: Kind, plan: readonly Plan[]): Promise<readonly string[]> {
  await using pool = new Pool()
  using log = new Notebook()
  const options = treeOf(plan, log.path)
  const root = await (await placeOf(pool, kind)).spawn<Limb>({ name: 'root', module: fixture('limb.ts'), options })
  const breaks = plan.some((one) => one.breaks)
  await root.stop().then(
    () => expect(breaks, 'errors of hooks that were told').toBe(false),
    (error: unknown) => expect(breaks, String(error)).toBe(true),
  )
  const entries = log.lines
  const once = plan.flatMap((_, index) => [`takes ${index}`, `releases ${index}`])
  expect(entries.toSorted(), 'each takes and releases once').toEqual(once.toSorted())
  const releasedAt = plan.map((_, index) => entries.indexOf(`releases ${index}`))
  return plan.flatMap((_, index) => {
    const isLate = index > 0 && releasedAt[index]! > releasedAt[parentOf(plan, index)]!
    return isLate ? [`${parentOf(plan, index)} released before its child ${index}`] : []
  })
}

describe.each(KINDS)('a tree of services in a %s that goes down', (kind) => {
  it('of 14, in threads of their own and of their parents: none releases what it holds before those below have', async () => {
    await fc.assert(
      fc.asyncProperty(plans(14), async (plan) => {
        expect(await tooEarly(kind, plan)).toEqual([])
      }),
      { numRuns: kind === 'thread' ? 8 : 4 },
    )
  }, 60_000)

  it('of 100 in one thread: none releases what it holds before those below have', async () => {
    const plan = Array.from({ length: 100 }, (_, index): Plan => {
      return { parent: Math.floor(index / 3), thread: index === 0 ? 'own' : 'parent', turns: index % 4, breaks: false }
    })
    expect(await tooEarly(kind, plan)).toEqual([])
  })
})
