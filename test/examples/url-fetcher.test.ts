import { describe, expect, it } from 'vitest'
import { Program, WELL } from './program.ts'

const STATISTICS = { pages: '4 pages fetched, 1 moved, 5 failed', tasks: '12 tasks, 0 of them pending' }

/** Pages as they come depend on the order of the answers, and progress on the time. */
const pagesOf = ({ lines }: Program) => lines.filter((line) => /^(fetched|moved|failed)/.test(line)).toSorted()
const letGo = ({ lines }: Program) => lines.filter((line) => line.startsWith('let go'))

describe('the fetcher', () => {
  it('fetches all that a page leads to, goes on where one fails, and ends by itself with what there was', async () => {
    await using program = new Program('url-fetcher')

    expect(await program.ended).toEqual(WELL)
    expect(pagesOf(program)).toEqual([
      'failed  /archive/2023, The operation was aborted due to timeout',
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
    expect(letGo(program)).toEqual([])
    expect(program.lines).toEqual(expect.arrayContaining([STATISTICS.pages, STATISTICS.tasks]))
  })

  it('that is interrupted lets go of what is under way, the leaves first, and tells what there was', async () => {
    await using program = new Program('url-fetcher', ['--patience-ms', '3600000'])
    await program.shows(/ 9 pages of 10\n/) // all but the one that never answers

    program.send('SIGINT')

    expect(await program.ended).toEqual(WELL)
    expect(letGo(program).map((line) => line.slice(8))).toEqual([
      '/archive/2023',
      '/archive/2024',
      expect.stringMatching(/^\/(moved|archive\/2025)$/), // whichever of the two came first
      '/',
    ])
    expect(program.lines).toEqual(expect.arrayContaining(['4 pages fetched, 1 moved, 4 failed', STATISTICS.tasks]))
  })

  it.each([
    ['1', /^the site had at most 1 requests at once$/m],
    ['3', /^the site had at most [1-3] requests at once$/m],
  ])('never has more than --limit %s fetches under way', async (limit, most) => {
    await using program = new Program('url-fetcher', ['--limit', limit])

    expect(await program.ended).toEqual(WELL)
    expect(program.output).toMatch(most)
    expect(program.lines).toContain(STATISTICS.pages)
  })
})
