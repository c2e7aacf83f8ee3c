import { describe, expect, it } from 'vitest'
import { Program, WELL } from './program.ts'

const ENTER = '\n'

const statesOf = ({ lines }: Program) => lines.filter((line) => line !== 'spam!')

describe('the spammer', () => {
  it('is paused by Enter, and goes on after another', async () => {
    await using program = new Program('spammer')
    await program.shows(/spam!/)

    program.type(ENTER)
    await program.shows(/PAUSED/)
    program.type(ENTER)
    await program.shows(/spam!/, (await program.shows(/.*RUNNING/s))[0].length)
    program.endInput()

    expect(await program.ended).toEqual(WELL)
    expect(statesOf(program).slice(0, 4)).toEqual(['PAUSING', 'PAUSED', 'STARTING', 'RUNNING'])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('is stopped by %s, and its program ends well', async (signal) => {
    await using program = new Program('spammer')
    await program.shows(/spam!/)

    program.send(signal)

    expect(await program.ended).toEqual(WELL)
    expect(statesOf(program)).toEqual(['PAUSING', 'PAUSED', 'STOPPING', 'STOPPED'])
  })
})
