/** attic against find(1) and sha256sum(1), on a folder with every oddity. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pathOf } from '../../packages/examples/attic/names.ts'
import { type AtticDocument, attic, atticJson } from './attic.ts'
import { type OddFolder, oddFolder } from './odd-folder.ts'
import { type ExpectedGroup, sha256sumGroups } from './sha256sum.ts'
import { underFileModes } from './tools.ts'

let odd: OddFolder
let expected: readonly ExpectedGroup[]
const under = underFileModes()
beforeAll(async () => {
  odd = await oddFolder()
  expected = sha256sumGroups(odd.path, under)
})
afterAll(() => odd[Symbol.asyncDispose]())

const groupsOf = ({ groups }: AtticDocument) => groups.map((group) => ({ ...group, paths: group.paths.map(pathOf) }))

describe('attic on a folder with every oddity', () => {
  it('gives exactly the groups that sha256sum gives', async () => {
    const document = await atticJson([odd.path, '--no-catalogue'], { under })

    expect(groupsOf(document)).toEqual(expected)
    expect(expected.map(({ paths }) => paths.length).toSorted()).toEqual([14, 2, 2, 3, 3]) // the folder is odd enough
  })

  it('gives the same groups while services are killed', async () => {
    const document = await atticJson([odd.path, '--no-catalogue', '--chaos'], { under })

    expect(groupsOf(document)).toEqual(expected)
    // One for each phase; the last can be over before its turn comes.
    expect(document.stats.kills).toBeGreaterThanOrEqual(3)
  })

  it('lists what could not be read with its reason, and exits with 0', async () => {
    const { unreadable } = await atticJson([odd.path, '--no-catalogue'], { under })

    const denied = { code: 'EACCES', reason: 'permission denied' }
    expect(unreadable).toEqual([
      { path: join(odd.path, 'forbidden'), ...denied },
      { path: join(odd.path, 'forbidden and empty'), ...denied },
      { path: join(odd.path, 'forbidden folder'), ...denied },
    ])
  })

  it('counts hard links, symbolic links and special files, and opens none of them', async () => {
    const { stats } = await atticJson([odd.path, '--no-catalogue'], { under })

    expect(stats).toMatchObject({ hardLinks: 2, symlinks: 4, special: 2, folders: 5 })
  })

  it('prints JSON and nothing else on stdout, and nothing at all on stderr', async () => {
    const { stdout, stderr } = await attic([odd.path, '--no-catalogue', '--json'], { under })

    expect(Object.keys(JSON.parse(stdout))).toEqual(['groups', 'unreadable', 'stats'])
    expect(stderr).toBe('')
  })

  it('writes a table without a control character, whatever the names', async () => {
    const { exitCode, stdout, stderr } = await attic([odd.path, '--no-catalogue', '--top', '100'], { under })

    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
    expect(stdout).toMatch(/^5 groups of duplicates/m)
    expect(stdout).toContain(`${join(odd.path, 'forbidden')}: permission denied (EACCES)`)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  })
})

describe('folders that overlap', () => {
  it('give each file once', async () => {
    const once = await atticJson([odd.path, '--no-catalogue'], { under })

    const twice = await atticJson([join(odd.path, 'deep'), odd.path, `${odd.path}/`, '--no-catalogue'], { under })

    expect(groupsOf(twice)).toEqual(groupsOf(once))
    expect(twice.stats).toMatchObject({ filesSeen: once.stats.filesSeen, hardLinks: 2, folders: 5 })
  })
})
