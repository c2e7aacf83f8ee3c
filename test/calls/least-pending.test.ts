import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leastPending } from '../../packages/runtime/src/calls/call-queue.ts'

const link = (pending: number, hasRoom = true) => ({ pending, hasRoom })

describe('leastPending', () => {
  it.each([
    ['no links', [], undefined],
    ['one with room', [link(5)], 0],
    ['one without room', [link(5, false)], undefined],
    ['the fewest calls', [link(3), link(1), link(2)], 1],
    ['the first of equals', [link(2), link(1), link(1)], 1],
    ['the fewest calls, without room', [link(3), link(0, false), link(2)], 2],
    ['none with room', [link(1, false), link(0, false)], undefined],
  ])('of %s', (_, links, index) => {
    expect(leastPending(links)).toBe(index === undefined ? undefined : links[index])
  })

  it('is always the first of those with room that have the fewest calls', () => {
    const anyLink = fc.record({ pending: fc.nat(5), hasRoom: fc.boolean() })
    fc.assert(
      fc.property(fc.array(anyLink), (links) => {
        const open = links.filter(({ hasRoom }) => hasRoom)
        const fewest = Math.min(...open.map(({ pending }) => pending))
        expect(leastPending(links)).toBe(open.find(({ pending }) => pending === fewest))
      }),
    )
  })
})
