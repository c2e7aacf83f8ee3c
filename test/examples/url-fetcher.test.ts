import { describe, expect, it } from 'vitest'
import { Program, WELL } from './program.ts'

const FOR_EVER = ['--patience-ms', '3600000']

/** Which page comes first depends on the answers. */
const pagesOf = ({ lines }: Program) => lines.filter((line) => /^(fetched|moved|failed)/.test(line)).toSorted()
const letGo = ({ lines }: Program) => lines.filter((line) => line.startsWith('let go')).map((line) => line.slice(8))

async function untilOnlySilenceIsLeft(program: Program): Promise<void> {
  await program.shows(/ 9 pages of 10\n/)
}

describe('the fetcher', () => {
  it('fetches all that a page leads to, and goes on where one fails', async () => {
    await using program = new Program('url-fetcher', FOR_EVER)
    await untilOnlySilenceIsLeft(program)

    expect(pagesOf(program)).toEqual([
      'failed  /broken, status 500',
      'failed  /circle, redirect count exceeded',
      'failed  /cut, other side closed',
      'failed  /missing, status 404',
      'fetched /',
      'fetched /archive/2024',
      'fetched /archive/2025',
      'fetched /slow',
      'moved   /moved, to /archive/2025',
    ])
  })

  it('that is interrupted lets go of what is under way, the leaves first, and tells what there was', async () => {
    await using program = new Program('url-fetcher', FOR_EVER)
    await untilOnlySilenceIsLeft(program)

    program.send('SIGINT')

    expect(await program.ended).toEqual(WELL)
    expect(letGo(program)).toEqual([
      '/archive/2023',
      '/archive/2024',
      expect.stringMatching(/^\/(moved|archive\/2025)$/), // whichever of the two came first
      '/',
    ])
    expect(program.lines).toContain('4 pages fetched, 1 moved, 4 failed')
    expect(program.lines).toContain('12 tasks, 0 of them pending')
  })

  it('ends by itself when all pages have answered, or have had their time', async () => {
    await using program = new Program('url-fetcher', ['--patience-ms', '1'])

    expect(await program.ended).toEqual(WELL)
    expect(program.output).toMatch(/^failed {2}.*, The operation was aborted due to timeout$/m)
    expect(program.output).toMatch(/^\d+ tasks, 0 of them pending$/m)
    expect(letGo(program)).toEqual([])
  })

  it.each([
    ['1', /^the site had at most 1 requests at once$/m],
    ['3', /^the site had at most [1-3] requests at once$/m],
  ])('never has more than --limit %s fetches under way', async (limit, most) => {
    await using program = new Program('url-fetcher', ['--limit', limit, ...FOR_EVER])
    await untilOnlySilenceIsLeft(program)

    program.send('SIGINT')

    expect(await program.ended).toEqual(WELL)
    expect(program.output).toMatch(most)
  })
})
