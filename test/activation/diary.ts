/** What the threads have done with the fixture `lazy.ts`, as they note it in a file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const PARTS = ['constructor', 'prepare', 'start'] as const

type Part = (typeof PARTS)[number]

export interface Diary extends Disposable {
  /** In the order in which it happened: imported, constructed, ran, stopped. */
  readonly text: string
  /** From now on this part of the service throws; or it does no more. */
  setBroken(isBroken: boolean, part?: Part): void
}

/** To be made before the pool, whose threads get a copy of the environment. */
export function openDiary(): Diary {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-diary-'))
  const file = join(folder, 'diary')
  writeFileSync(file, '')
  process.env.TROUPE_TEST_DIARY = file
  return {
    get text() {
      return readFileSync(file, 'utf8').trim()
    },
    setBroken(isBroken, part = 'constructor') {
      if (isBroken) writeFileSync(`${file}.${part}`, '')
      else rmSync(`${file}.${part}`)
    },
    [Symbol.dispose]() {
      delete process.env.TROUPE_TEST_DIARY
      rmSync(folder, { recursive: true })
    },
  }
}
