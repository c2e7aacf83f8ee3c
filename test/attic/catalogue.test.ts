/** What is remembered between runs. */
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attic, atticJson } from './attic.ts'
import { type Scratch, scratchFolder } from './scratch.ts'

const LONG_AGO = 1_600_000_000

let scratch: Scratch
let folder: string
let catalogue: string
beforeEach(() => {
  scratch = scratchFolder()
  folder = join(scratch.path, 'folder')
  catalogue = join(scratch.path, 'catalogue.db')
  mkdirSync(folder)
  for (const name of ['a', 'b', 'c', 'd']) place(name, 'content')
})
afterEach(() => scratch[Symbol.dispose]())

function place(name: string, content: string): void {
  writeFileSync(join(folder, name), content)
  utimesSync(join(folder, name), LONG_AGO, LONG_AGO)
}

const find = () => atticJson([folder, '--catalogue', catalogue])

describe('a second run', () => {
  it('reads no unchanged file', async () => {
    const first = await find()
    const second = await find()

    expect(first.stats).toMatchObject({ filesRead: 4, bytesRead: 28, fromCatalogue: 0 })
    expect(second.stats).toMatchObject({ filesRead: 0, bytesRead: 0, fromCatalogue: 4 })
    expect(second.groups).toEqual(first.groups)
  })

  it('reads no unchanged file while services are killed', async () => {
    const first = await atticJson([folder, '--catalogue', catalogue, '--chaos'])
    const second = await atticJson([folder, '--catalogue', catalogue, '--chaos'])

    expect(second.stats).toMatchObject({ filesRead: 0, fromCatalogue: 4 })
    expect(second.groups).toEqual(first.groups)
  })

  it.each([
    ['has another time', () => utimesSync(join(folder, 'a'), LONG_AGO + 1, LONG_AGO + 1)],
    [
      'has been replaced by another inode',
      () => {
        place('a.new', 'content')
        renameSync(join(folder, 'a.new'), join(folder, 'a'))
      },
    ],
  ])('reads a file again that %s', async (_what, change) => {
    const first = await find()
    change()

    const second = await find()

    expect(second.stats).toMatchObject({ filesRead: 1, fromCatalogue: 3 })
    expect(second.groups).toEqual(first.groups)
  })

  it('finds out that a file of the same size has other content', async () => {
    await find()
    writeFileSync(join(folder, 'a'), 'CONTENT')

    const { groups, stats } = await find()

    expect(groups.map(({ paths }) => paths)).toEqual([['b', 'c', 'd'].map((name) => join(folder, name))])
    expect(stats).toMatchObject({ filesRead: 1, fromCatalogue: 3 })
  })

  it('leaves the file of the size that is new out of the groups', async () => {
    await find()
    appendFileSync(join(folder, 'a'), ' and more')

    expect((await find()).stats).toMatchObject({ candidates: 3, filesRead: 0, fromCatalogue: 3, groups: 1 })
  })

  it('remembers nothing with --no-catalogue', async () => {
    for (const _run of [1, 2]) {
      expect((await atticJson([folder, '--no-catalogue'])).stats).toMatchObject({ filesRead: 4, fromCatalogue: 0 })
    }
  })

  it("keeps it in the user's cache folder when it is told no other place", async () => {
    const env = { XDG_CACHE_HOME: join(scratch.path, 'cache') }

    await atticJson([folder], { env })

    expect((await atticJson([folder], { env })).stats.filesRead).toBe(0)
    expect(statSync(join(scratch.path, 'cache/troupe-attic/catalogue.db')).isFile()).toBe(true)
  })

  it('shares a catalogue with a run at the same time', async () => {
    const both = await Promise.all([find(), find()])

    expect(both.map(({ groups }) => groups[0]?.paths.length)).toEqual([4, 4])
    expect((await find()).stats.filesRead).toBe(0)
  })
})

describe('a file that is no catalogue', () => {
  const another = () => {
    using database = new DatabaseSync(catalogue)
    database.exec('CREATE TABLE precious (content)')
  }
  const newer = async () => {
    await find()
    using database = new DatabaseSync(catalogue)
    database.exec('PRAGMA user_version = 99')
  }

  it.each([
    ['a text', () => writeFileSync(catalogue, 'not a database, and more than sixteen bytes'), 'file is not a database'],
    ['a database of another program', another, 'it is a database of another program'],
    ['a catalogue of a later attic', newer, 'it has format 99, this attic reads 1'],
    ['a folder', () => mkdirSync(catalogue), 'unable to open database file'],
  ])('is refused in one line with exit code 2, and stays as it was: %s', async (_what, make, reason) => {
    await make()
    const before = statSync(catalogue).isFile() && readFileSync(catalogue)

    const { exitCode, stdout, stderr } = await attic([folder, '--catalogue', catalogue])

    expect(stderr).toBe(`attic: catalogue "${catalogue}" can't be used: ${reason}\n`)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(statSync(catalogue).isFile() && readFileSync(catalogue)).toEqual(before)
  })
})
