/** Ctrl-C, and files that change under attic's eyes, on a terminal: what the bar shows tells when. */
import { once } from 'node:events'
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AtticDocument, atticJson, MAIN, start } from './attic.ts'
import { type Scratch, scratchFolder } from './scratch.ts'
import { CTRL_C, shellWords, Terminal } from './terminal.ts'

const ERASE_LINE = '\r\x1b[2K'
const SMALL = 500
/** Nothing on disk, and more than a day's reading: attic is in the middle of it whenever the test acts. */
const ENDLESS_BYTES = 2 ** 42

let scratch: Scratch
let folder: string
let catalogue: string
beforeEach(() => {
  scratch = scratchFolder()
  folder = join(scratch.path, 'folder')
  catalogue = join(scratch.path, 'catalogue.db')
  mkdirSync(folder)
  for (let index = 0; index < SMALL; index++) writeFileSync(join(folder, `small ${index}`), `${index % 10}`)
})
afterEach(() => scratch[Symbol.dispose]())

function placeEndless(): readonly string[] {
  const paths = ['endless 1', 'endless 2'].map((name) => join(folder, name))
  for (const path of paths) {
    const fd = openSync(path, 'w')
    ftruncateSync(fd, ENDLESS_BYTES)
    closeSync(fd)
  }
  return paths
}

const command = (...args: string[]) => shellWords([process.execPath, MAIN, folder, '--catalogue', catalogue, ...args])

describe('on a terminal', () => {
  it('a bar shows how far it is, and is gone at the end', async () => {
    await using terminal = new Terminal(command('--json', '--top', '0'))

    expect(await terminal.ended).toBe(0)
    expect(terminal.output).toMatch(/walking {2}0 files/)
    expect(terminal.output).toMatch(/hashing ─{24} {3}0% {2}0\/500 files/)
    expect(terminal.output.split(ERASE_LINE).at(-1)).toMatch(/^\{\r\n"groups": /)
  })
})

describe('Ctrl-C', () => {
  it('stops at once in the middle of a file, and the next run reads only the rest', async () => {
    const endless = placeEndless()
    await using terminal = new Terminal(`${command('--json')} > ${shellWords([join(scratch.path, 'stdout')])}`)
    await terminal.shows(new RegExp(`hashing.* ${SMALL}/${SMALL + 2} files`))

    terminal.type(CTRL_C)

    expect(await terminal.ended).toBe(130)
    expect(terminal.output.split(ERASE_LINE).at(-1)).toBe('attic: stopped; run again to go on\r\n')
    expect(readFileSync(join(scratch.path, 'stdout'), 'utf8')).toBe('')
    for (const path of endless) truncateSync(path, 4096)
    const next = await atticJson([folder, '--catalogue', catalogue])
    expect(next.stats).toMatchObject({ candidates: SMALL + 2, fromCatalogue: SMALL, filesRead: 2, groups: 11 })
  })
})

describe('SIGTERM', () => {
  it('stops it with exit code 143, without a word on stdout', async () => {
    placeEndless()
    const child = start([folder, '--json', '--chaos', '--catalogue', catalogue])
    const ended = Promise.all([text(child.stdout), once(child, 'close')])
    let stderr = ''
    let isAsked = false
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk
      if (isAsked || !stderr.includes('kill hasher')) return // which says that the hashing has begun
      isAsked = child.kill('SIGTERM')
    })

    const [stdout, [exitCode]] = await ended

    expect({ exitCode, stdout }).toEqual({ exitCode: 143, stdout: '' })
    expect(stderr).toMatch(/^(attic: kill \w+\n)+attic: stopped; run again to go on\n$/)
  })
})

describe('an end without warning', () => {
  it('leaves a catalogue that the next run can use', async () => {
    const endless = placeEndless()
    const child = start([folder, '--chaos', '--catalogue', catalogue])
    const closed = once(child, 'close')
    await once(child.stderr, 'data') // the first kill: the hunt is under way

    child.kill('SIGKILL')

    await closed
    for (const path of endless) truncateSync(path, 4096)
    const { stats } = await atticJson([folder, '--catalogue', catalogue])
    expect(stats).toMatchObject({ candidates: SMALL + 2, groups: 11 })
    expect(stats.filesRead! + stats.fromCatalogue!).toBe(SMALL + 2)
  })
})

describe('a file that shrinks while being read', () => {
  it.each([[[]], [['--chaos']]])('is listed as unreadable, and in no group: attic %j', async (options) => {
    const endless = placeEndless()
    const output = join(scratch.path, 'stdout')
    await using terminal = new Terminal(`${command('--json', ...options)} > ${shellWords([output])}`)
    await terminal.shows(/hashing.* [1-9]\S* [GM]B of/)

    for (const path of endless) truncateSync(path, 4096)

    expect(await terminal.ended).toBe(0)
    const { groups, unreadable } = JSON.parse(readFileSync(output, 'utf8')) as AtticDocument
    expect(unreadable).toEqual(endless.map((path) => ({ path, code: 'CHANGED', reason: 'changed while being read' })))
    expect(groups.map(({ bytes, paths }) => ({ bytes, files: paths.length }))).toEqual(
      Array(10).fill({ bytes: 1, files: 50 }),
    )
  })
})
