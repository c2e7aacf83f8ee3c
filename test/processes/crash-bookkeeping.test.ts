import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Ledger } from '../fixtures/services/ledger.ts'

const CALLS = 2_000

/** How many answers have come when the process is killed. */
const MOMENTS = [1, 2, 100, 257, 600]

describe.each(['concurrent', 'serialized'] as const)('calls of a %s service whose process is killed', (invoker) => {
  it.each(MOMENTS)('after %d answers: each runs once, and only those that had begun are rejected', async (moment) => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-'))
    const file = join(folder, 'ledger')
    await using pool = new Pool()
    const context = await pool.context({ name: 'house', kind: 'process' })
    const supervision = { restart: 'permanent' } as const
    const spec = { name: 'ledger', module: fixture('ledger.ts'), options: { file }, invoker, supervision }
    const { proxy } = await context.spawn<Ledger>(spec)
    const pid = await proxy.pid()

    let answers = 0
    const calls = Array.from({ length: CALLS }, (_, n) => (n % 2 ? proxy.note(n) : proxy.noteLater(n)))
    for (const call of calls) {
      call.then(
        () => ++answers === moment && process.kill(pid, 'SIGKILL'),
        () => {},
      )
    }
    const outcomes = await Promise.allSettled(calls)

    const entries = (await readFile(file, 'utf8')).trim().split('\n').map(Number)
    await rm(folder, { recursive: true })
    expect(new Set(entries).size, 'no call has run twice').toBe(entries.length)
    outcomes.forEach((outcome, n) => {
      if (outcome.status === 'fulfilled') expect(outcome.value).toBe(n)
      else expect(outcome.reason).toMatchObject({ signal: 'SIGKILL', mayHaveRun: true })
    })
    const ran = new Set(entries)
    const lost = outcomes.filter((outcome, n) => outcome.status === 'fulfilled' && !ran.has(n))
    expect(lost).toEqual([])
    expect(await proxy.pid()).not.toBe(pid)
  })
})
