import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Mailbox } from '../../packages/runtime/src/calls/mailbox.ts'
import { collectGarbage } from '../fixtures/garbage.ts'

type Step = { readonly push: number } | { readonly putBack: readonly number[] } | 'shift' | 'clear'

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ push: fc.integer() }) },
  { weight: 3, arbitrary: fc.constant('shift' as const) },
  { weight: 1, arbitrary: fc.record({ putBack: fc.array(fc.integer(), { maxLength: 40 }) }) },
  { weight: 1, arbitrary: fc.constant('clear' as const) },
)

describe('a mailbox', () => {
  it('is a queue with a bound: whatever is done, it does what a plain list would', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.array(step, { maxLength: 200 }), (capacity, steps) => {
        const mailbox = new Mailbox<number>(capacity)
        let model: number[] = []
        for (const next of steps) {
          if (next === 'shift') expect(mailbox.shift()).toBe(model.shift())
          else if (next === 'clear') {
            expect(mailbox.clear()).toEqual(model)
            model = []
          } else if ('putBack' in next) {
            mailbox.putBack(next.putBack)
            model = [...next.putBack, ...model]
          } else {
            const hasRoom = model.length < capacity
            expect(mailbox.push(next.push)).toBe(hasRoom)
            if (hasRoom) model.push(next.push)
          }
          expect(mailbox.size).toBe(model.length)
        }
        expect(mailbox.clear()).toEqual(model)
      }),
      { numRuns: 500 },
    )
  })

  it('takes back at its head, in their order, entries beyond its capacity, and then takes nothing more', () => {
    const mailbox = new Mailbox<string>(2)
    mailbox.push('c')
    mailbox.push('d')
    mailbox.putBack(['a', 'b'])
    expect([mailbox.push('e'), mailbox.size]).toEqual([false, 4])
    expect(mailbox.clear()).toEqual(['a', 'b', 'c', 'd'])
    expect(mailbox.push('e')).toBe(true)
  })

  it('does not hold on to what was taken out of it', async () => {
    const mailbox = new Mailbox<object>(64)
    const taken = new Set<WeakRef<object>>()
    for (let n = 0; n < 40; n++) mailbox.push({ n })
    for (let n = 0; n < 40; n++) taken.add(new WeakRef(mailbox.shift()!))
    await collectGarbage()
    expect([...taken].filter((ref) => ref.deref() !== undefined)).toEqual([])
    expect(mailbox.size).toBe(0)
  })
})
