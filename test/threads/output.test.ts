import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it('what a service prints until its end arrives, all of it and in order', async () => {
  const script = fileURLToPath(new URL('../fixtures/scripts/stops-a-talker.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script], { maxBuffer: 1 << 24 })
  expect(stdout.trimEnd().split('\n')).toEqual(Array.from({ length: 5_000 }, (_, n) => `line ${n + 1} of 5000`))
})
