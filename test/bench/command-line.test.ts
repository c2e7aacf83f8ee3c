import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const main = fileURLToPath(new URL('../../packages/bench/main.ts', import.meta.url))
const bench = (...args: string[]) => promisify(execFile)(process.execPath, [main, ...args])

const PEERS = ['bare MessagePort', 'comlink', 'piscina', 'tinypool', 'workerpool', 'poolifier', 'threads', 'Troupe']

interface Row {
  readonly peer: string
  readonly error?: string
  readonly sequentialUs: { readonly median: number }
  readonly inFlightPerSecond: { readonly median: number }
}

it('calls --quick --json measures every peer and prints one document', { timeout: 60_000 }, async () => {
  const { stdout } = await bench('calls', '--quick', '--json')
  const { question, rows } = JSON.parse(stdout) as { question: string; rows: readonly Row[] }
  expect(question).toBe('calls')
  expect(rows.filter(({ error }) => error !== undefined)).toEqual([])
  expect(rows.map(({ peer }) => peer)).toEqual(PEERS)
  for (const { sequentialUs, inFlightPerSecond } of rows) {
    expect(sequentialUs.median).toBeGreaterThan(0)
    expect(inFlightPerSecond.median).toBeGreaterThan(0)
  }
})

it('an unknown question is one line that names the known ones, and exit code 2', async () => {
  const failed = await bench('nonsense').catch((error: { code: number; stderr: string }) => error)
  expect(failed).toMatchObject({ code: 2, stderr: 'unknown question "nonsense", known: calls\n' })
})
