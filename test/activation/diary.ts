/** What the threads have done with the fixture `lazy.ts`, as they note it in a file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Diary extends Disposable {
  /** In the order in which it happened: imported, constructed, ran, stopped. */
  readonly text: string
  /** From now on no object can be made; or it can again. */
  setBroken(isBroken: boolean): void
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
    setBroken(isBroken) {
      if (isBroken) writeFileSync(`${file}.broken`, '')
      else rmSync(`${file}.broken`)
    },
    [Symbol.dispose]() {
      delete process.env.TROUPE_TEST_DIARY
      rmSync(folder, { recursive: true })
    },
  }
}
