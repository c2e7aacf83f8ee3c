import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { scratchFolder } from '../attic/scratch.ts'
import { Program, WELL } from './program.ts'

/** Compiled code stays for the next run, which is none of the program's. */
const UNCACHED = { NODE_DISABLE_COMPILE_CACHE: '1' }

describe('the roll-out', () => {
  it('delivers files to services in two contexts, gathers once for three callers, and shows three refusals', async () => {
    using scratch = scratchFolder()
    await using program = new Program('rollout', [], { ...UNCACHED, TMPDIR: scratch.path })

    expect(await program.ended).toEqual(WELL)
    expect(program.lines).toEqual([
      'north has app.json (23 bytes) and model.bin (3000000 bytes)',
      'south has app.json (23 bytes) and model.bin (3000000 bytes)',
      'north was asked 3 times for its facts, and gathered them 1 time',
      'refused: "root/north" may not call "files.register"',
      'refused: "root/north" may not call "south-installer.install"',
      'refused: file "/secret.pem" is refused: it is not registered, nor is a folder that it is really in',
    ])
    expect(readdirSync(scratch.path)).toEqual([])
  })

  it('that is interrupted ends well, and leaves nothing behind', async () => {
    using scratch = scratchFolder()
    await using program = new Program('rollout', [], { ...UNCACHED, TMPDIR: scratch.path })
    await program.shows(/north has/)

    program.send('SIGINT')

    expect(await program.ended).toEqual(WELL)
    expect(readdirSync(scratch.path)).toEqual([])
  })
})
