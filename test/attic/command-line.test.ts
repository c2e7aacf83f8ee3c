import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attic, atticJson, start } from './attic.ts'
import { type Scratch, scratchFolder } from './scratch.ts'
import { run } from './tools.ts'

let scratch: Scratch
beforeAll(() => {
  scratch = scratchFolder()
  mkdirSync(join(scratch.path, 'a'))
  for (const name of ['a/1', 'a/2', 'file']) writeFileSync(join(scratch.path, name), name.slice(0, 1))
})
afterAll(() => scratch[Symbol.dispose]())

describe("a request that can't be carried out", () => {
  it.each([
    [['missing'], `can't open folder "missing": no such file or directory`],
    [['a', 'missing'], `can't open folder "missing": no such file or directory`],
    [['file'], '"file" is not a folder'],
    [
      ['a/\ufffd'],
      `can't open folder "a/\ufffd": no such file or directory (a name that is not UTF-8 can't be given, name the folder above it)`,
    ],
    [['--what'], "unknown option '--what'"],
    [['--top', 'x'], "option '--top <n>' argument 'x' is invalid. it needs a whole number of 0 or more."],
    [['--threads', '0'], "option '--threads <n>' argument '0' is invalid. it needs a whole number from 1 to 64."],
    [['--catalogue'], "option '--catalogue <file>' argument missing"],
  ])('is answered by one line and exit code 2: %j', async (args, line) => {
    const ended = await attic(args, { cwd: scratch.path })

    expect(ended).toMatchObject({ exitCode: 2, stdout: '', stderr: `attic: ${line}\n` })
  })
})

describe('the command line', () => {
  it.each([
    ['--help', /^Usage: attic .*\\xNN is a byte.*Examples:/s],
    ['--version', /^\d+\.\d+\.\d+\n$/],
  ])('answers %s on stdout', async (option, answer) => {
    const { exitCode, stdout, stderr } = await attic([option])

    expect(stdout).toMatch(answer)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  })

  it('takes a relative folder from where the user stood when npm ran it', async () => {
    const { groups } = await atticJson(['a', '--no-catalogue'], { cwd: '/', env: { INIT_CWD: scratch.path } })

    expect(groups).toMatchObject([{ paths: [join(scratch.path, 'a/1'), join(scratch.path, 'a/2')] }])
  })

  it('says so when there are no duplicates', async () => {
    mkdirSync(join(scratch.path, 'nothing'))

    const { stdout } = await attic(['nothing', '--no-catalogue'], { cwd: scratch.path })

    expect(stdout).toMatch(/^0 groups of duplicates, 0 B could be freed/)
  })

  it('lists a path that is too long for the system, and goes on', async () => {
    // 30 folders of 200 characters, each made from inside the one above.
    const script = 'cd "$0"; n=$(printf "%0200d" 0); for i in $(seq 30); do mkdir $n && cd $n; done; echo 2 > end'
    mkdirSync(join(scratch.path, 'long'))
    run('sh', ['-c', script, join(scratch.path, 'long')])

    const { unreadable } = await atticJson(['long', '--no-catalogue'], { cwd: scratch.path })

    expect(unreadable).toMatchObject([{ code: 'ENAMETOOLONG', reason: 'name too long' }])
  })

  it('ends quietly when nobody reads what it prints', async () => {
    const child = start([scratch.path, '--json', '--no-catalogue'])
    child.stdout.destroy()
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })

    const [exitCode] = await once(child, 'close')

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  })
})
