import { asTurn, atTurnEnd } from '@troupe/worker-host/owner'
import { describe, expect, it } from 'vitest'

/** Notes when its turn ends. */
const noting = (log: string[], name: string) => ({ endTurn: () => void log.push(`end of ${name}`) })

describe('what is put off until the end of a turn', () => {
  it('happens with the first microtask, before those that were queued after it was asked for', async () => {
    const log: string[] = []
    queueMicrotask(() => log.push('queued before'))
    atTurnEnd(noting(log, 'one'))
    atTurnEnd(noting(log, 'two'))
    queueMicrotask(() => log.push('queued after'))
    log.push('the turn itself')
    await null
    expect(log).toEqual(['the turn itself', 'queued before', 'end of one', 'end of two', 'queued after'])
  })

  it('happens once for each time that it was asked for, in a turn of its own each', async () => {
    const log: string[] = []
    atTurnEnd(noting(log, 'first'))
    await null
    atTurnEnd(noting(log, 'second'))
    expect(log).toEqual(['end of first'])
    await null
    expect(log).toEqual(['end of first', 'end of second'])
  })

  it('happens also where it was asked for as the stack ran out', async () => {
    // In frames of many sizes: in some the last one has room for a part of what is done to put it off, and for no more.
    for (let words = 0; words < 64; words++) {
      const log: string[] = []
      const names = Array.from({ length: words }, (_, index) => `word${index}`).join(', ')
      const dive = new Function('tell', `return function dive(${names}) { try { dive(${names}) } catch { tell() } }`)(
        () => atTurnEnd(noting(log, 'told')),
      ) as () => void
      dive()
      await null
      expect(log).toContain('end of told')
    }
  })

  it('happens in the next turn, if it was asked for by what ended this one', async () => {
    const log: string[] = []
    atTurnEnd({ endTurn: () => atTurnEnd(noting(log, 'next')) })
    await null
    expect(log).toEqual([])
    await null
    expect(log).toEqual(['end of next'])
  })
})

describe('a message', () => {
  it('is a turn: it has ended when the message has been taken in, before any microtask', () => {
    const log: string[] = []
    const receive = asTurn((message: string) => {
      queueMicrotask(() => log.push('a microtask'))
      atTurnEnd(noting(log, message))
      log.push(`took ${message}`)
    })
    receive('one')
    receive('two')
    expect(log).toEqual(['took one', 'end of one', 'took two', 'end of two'])
  })

  it('that comes while another is taken in ends with that', () => {
    const log: string[] = []
    const inner = asTurn(() => atTurnEnd(noting(log, 'inner')))
    const outer = asTurn(() => {
      inner(undefined)
      log.push('outer goes on')
      atTurnEnd(noting(log, 'outer'))
    })
    outer(undefined)
    expect(log).toEqual(['outer goes on', 'end of inner', 'end of outer'])
  })

  it('that comes in a turn which ends anyway ends with that', async () => {
    const log: string[] = []
    atTurnEnd(noting(log, 'turn'))
    asTurn(() => atTurnEnd(noting(log, 'message')))(undefined)
    expect(log).toEqual([])
    await null
    expect(log).toEqual(['end of turn', 'end of message'])
  })

  it('whose taking in fails ends its turn all the same, and the next is a turn again', async () => {
    const log: string[] = []
    const receive = asTurn((message: string) => {
      atTurnEnd(noting(log, message))
      if (message === 'bad') throw new Error('not taken in')
    })
    expect(() => receive('bad')).toThrow('not taken in')
    expect(log).toEqual(['end of bad'])
    receive('good')
    expect(log).toEqual(['end of bad', 'end of good'])
    atTurnEnd(noting(log, 'a turn without a message'))
    await null
    expect(log).toEqual(['end of bad', 'end of good', 'end of a turn without a message'])
  })
})
