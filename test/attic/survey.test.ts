import { linkSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromText } from '../../packages/examples/attic/names.ts'
import { type Root, Survey, type Walk } from '../../packages/examples/attic/survey.ts'
import { walkFolders } from '../../packages/examples/attic/walk.ts'
import { type Scratch, scratchFolder } from './scratch.ts'

const walk: Walk = async function* (folders, elsewhere) {
  yield* walkFolders(folders, elsewhere)
}
const { signal } = new AbortController()

let scratch: Scratch
beforeEach(() => {
  scratch = scratchFolder()
  for (const folder of ['a/b/c', 'a/d', 'e']) mkdirSync(join(scratch.path, folder), { recursive: true })
  for (let index = 0; index < 600; index++) writeFileSync(join(scratch.path, `a/b/${index}`), '') // three parts
  for (const file of ['a/b/c/x', 'a/d/x', 'e/x', 'e/y']) writeFileSync(join(scratch.path, file), file)
  linkSync(join(scratch.path, 'e/x'), join(scratch.path, 'a/link'))
  symlinkSync('.', join(scratch.path, 'a/d/loop'))
})
afterEach(() => scratch[Symbol.dispose]())

function root(path: string): Root {
  const { dev, ino } = statSync(path, { bigint: true })
  return { path: fromText(path), id: `${dev}:${ino}` }
}

const sums = ({ folders, symlinks, specials, inodes }: Survey) => ({
  folders,
  symlinks,
  specials,
  files: inodes.count,
  hardLinks: inodes.hardLinks,
})
const WHOLE = { folders: 6, symlinks: 1, specials: 0, files: 604, hardLinks: 1 }

describe('a survey', () => {
  it('lists everything below its root', async () => {
    const survey = new Survey([root(scratch.path)])

    await survey.walk(walk, signal)

    expect(sums(survey)).toEqual(WHOLE)
  })

  it('goes on where its walker died, after any number of parts, and counts nothing twice', async () => {
    const survey = new Survey([root(scratch.path)])
    // Dies after one part, two, three, … and is called again each time.
    for (let lifetime = 1, isOver = false; !isOver; lifetime++) {
      const dying: Walk = async function* (folders, elsewhere) {
        let parts = 0
        for await (const part of walk(folders, elsewhere)) {
          if (parts++ === lifetime) throw new Error('the walker died')
          yield part
        }
      }
      isOver = await survey.walk(dying, signal).then(
        () => true,
        () => false,
      )
    }

    expect(sums(survey)).toEqual(WHOLE)
  })

  it.each([
    ['a folder and one inside it', ['', 'a', 'a/b']],
    ['the inner one first', ['a/b/c', 'a', '']],
    ['one folder twice', ['', '']],
  ])('counts once what two roots share: %s', async (_what, folders) => {
    const survey = new Survey(folders.map((folder) => root(join(scratch.path, folder))))

    await survey.walk(walk, signal)

    expect(sums(survey)).toEqual(WHOLE)
  })

  it('follows a link that it was given, and none below', async () => {
    symlinkSync('a', join(scratch.path, 'to a'))
    const survey = new Survey([root(join(scratch.path, 'to a'))])

    await survey.walk(walk, signal)

    expect(sums(survey)).toEqual({ folders: 4, symlinks: 1, specials: 0, files: 603, hardLinks: 0 })
  })

  it('stops when its signal aborts', async () => {
    const survey = new Survey([root(scratch.path)])

    await expect(survey.walk(walk, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
  })
})
