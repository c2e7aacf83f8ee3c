import { type Discipline, type Entry, hold } from '../contest.ts'
import { openConfinement } from '../cores.ts'
import { describeMachine, type Machine } from '../machine.ts'
import { inFlight, oneAfterAnother, type Timing } from '../measure.ts'
import { BARE_PORT, PEERS } from '../peers.ts'
import type { Question } from '../question.ts'
import { medianRatio, type Spread, spread } from '../statistics.ts'
import { table } from '../table.ts'

const DISCIPLINES = {
  sequential: { measure: oneAfterAnother, cores: 'one' },
  inFlight: { measure: inFlight(1_000), cores: 'all' },
} as const satisfies Record<string, Discipline>

type CallsEntry = Entry<keyof typeof DISCIPLINES>

/** Ratios compare with the bare port in the same rounds; they are missing only when the bare port itself failed. */
type Row = { readonly peer: string; readonly version: string } & (
  | {
      readonly sequentialUs: Spread
      readonly sequentialRatio: number | null
      readonly inFlightPerSecond: Spread
      readonly inFlightRatio: number | null
    }
  | { readonly error: string }
)

type Document = {
  readonly question: string
  readonly machine: Machine
  readonly date: string
  readonly node: string
  readonly rounds: number
  /** Whether the threads shared one core while they called one after another; see cores.ts. */
  readonly sequentialOnOneCore: boolean
  readonly rows: readonly Row[]
}

export const calls: Question = {
  name: 'calls',
  asks: 'what does a tiny call into a worker thread cost, one after another and with 1,000 in flight?',

  async answer(pace, progress) {
    const machine = describeMachine()
    const date = new Date().toISOString()
    const confinement = await openConfinement()
    const entries = await hold({ peers: PEERS, disciplines: DISCIPLINES, confinement, pace, progress })
    const base = entries.find(({ peer, failure }) => peer === BARE_PORT && failure === null) ?? null
    const document: Document = {
      question: calls.name,
      machine,
      date,
      node: process.versions.node,
      rounds: pace.rounds,
      sequentialOnOneCore: confinement.isPossible,
      rows: entries.map((entry) => rowOf(entry, base)),
    }
    return { document, text: textOf(document), hasFailures: document.rows.some((row) => 'error' in row) }
  },
}

function rowOf(entry: CallsEntry, base: CallsEntry | null): Row {
  const { peer, version, timings, failure } = entry
  if (failure !== null) return { peer: peer.name, version, error: failure }
  const us = timings.sequential.map(usPerCall)
  const rates = timings.inFlight.map(callsPerSecond)
  return {
    peer: peer.name,
    version,
    sequentialUs: spread(us),
    sequentialRatio: base && medianRatio(us, base.timings.sequential.map(usPerCall)),
    inFlightPerSecond: spread(rates),
    inFlightRatio: base && medianRatio(rates, base.timings.inFlight.map(callsPerSecond)),
  }
}

function usPerCall({ calls, ms }: Timing): number {
  return (ms * 1_000) / calls
}

function callsPerSecond({ calls, ms }: Timing): number {
  return (calls * 1_000) / ms
}

function textOf({ machine, date, node, rounds, sequentialOnOneCore, rows }: Document): string {
  const { cpu, cores, platform, loadBefore } = machine
  return [
    `calls: ${calls.asks}`,
    `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${platform}, node ${node}, load ${loadBefore} before the run, ${date}`,
    `µs/call: one after another, ${sequentialOnOneCore ? 'all threads on one core' : 'on any core (no taskset here)'}`,
    'calls/s: waves of 1,000 in flight, on all cores',
    `medians of ${rounds} rounds (lowest–highest); ratios to the bare port within each round`,
    '',
    table(['peer', 'version', 'µs/call', '', 'ratio', 'calls/s', '', 'ratio'], rows.map(cellsOf), 2),
  ].join('\n')
}

function cellsOf(row: Row): string[] {
  if ('error' in row) return [row.peer, row.version, `failed: ${row.error}`]
  return [
    row.peer,
    row.version,
    ...spreadCells(row.sequentialUs, 1),
    ratioCell(row.sequentialRatio),
    ...spreadCells(row.inFlightPerSecond, 0),
    ratioCell(row.inFlightRatio),
  ]
}

function spreadCells({ median, min, max }: Spread, digits: number): [string, string] {
  const format = new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return [format.format(median), `(${format.format(min)}–${format.format(max)})`]
}

function ratioCell(ratio: number | null): string {
  return ratio === null ? '–' : `${ratio.toFixed(2)} ×`
}
