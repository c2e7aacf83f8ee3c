import { isDeepStrictEqual } from 'node:util'
import type { BudgetLine } from '../budget.ts'
import { inFlight, oneAfterAnother, repeated, verifyReplies } from '../measure.ts'
import { BARE_PORT, type Caller, PEERS } from '../peers.ts'
import { type Contestant, NotOffered, type Question, type Scenario } from '../question.ts'

const KIB = 1_024
const MIB = 1_024 * KIB

const PAYLOADS: Readonly<Record<string, unknown>> = {
  'a number': 42,
  'a small object': { id: 7, name: 'Ada', tags: ['a', 'b'], isNew: true },
  '100 objects': Array.from({ length: 100 }, (_, id) => ({ id, name: `row ${id}`, price: id / 3 })),
  // Of those that Node cuts out of a memory of 64 KiB, which a clone carries whole.
  'a Buffer of 64 bytes': Buffer.from('.'.repeat(64)),
  '1 KiB of bytes': new Uint8Array(KIB).fill(7),
  '1 MiB of bytes': new Uint8Array(MIB).fill(7),
}

const waves = (depth: number): Scenario<Caller> => ({
  name: `${depth.toLocaleString('en')} in flight`,
  unit: 'calls/s',
  better: 'more',
  cores: 'all',
  base: BARE_PORT,
  isCostly: depth > 1_000, // a wave alone takes some of them half a second
  async measure(caller, turn) {
    if (depth > (caller.maxInFlight ?? depth)) throw new NotOffered('takes seconds: each reply is shown to every call')
    return 1e6 / (await inFlight(caller, depth, turn))
  },
})

const payload = ([name, value]: [string, unknown]): Scenario<Caller> => ({
  name: `${name}, there and back`,
  unit: 'µs/call',
  better: 'less',
  cores: 'one',
  base: BARE_PORT,
  async measure(caller, turn) {
    const reply = await caller.echo(value)
    if (!isDeepStrictEqual(reply, structuredClone(value))) throw new Error(`${name} came back as something else`)
    return repeated(() => caller.echo(value), turn)
  },
})

const handedOver = (bytes: number): Scenario<Caller> => ({
  name: `${bytes / MIB} MiB handed over, there and back`,
  unit: 'µs/call',
  better: 'less',
  cores: 'one',
  base: BARE_PORT,
  async measure(caller, turn) {
    if (caller.handOver === undefined) throw new NotOffered('has no way to transfer both ways')
    let buffer = new ArrayBuffer(bytes)
    const once = async () => {
      const sent = buffer
      buffer = await caller.handOver!(sent)
      if (!sent.detached) throw new NotOffered('copies the buffer')
    }
    await once()
    return repeated(once, turn)
  },
})

/** Adds the check that no reply is mixed up with another's. */
const verified = (peer: Contestant<Caller>): Contestant<Caller> => ({
  ...peer,
  async open(pace) {
    const caller = await peer.open(pace)
    await verifyReplies(caller)
    return caller
  },
})

const peers = PEERS.map(({ name }) => name).filter((name) => name !== 'Troupe' && !name.startsWith('bare'))

const ONE_AFTER_ANOTHER = 'one after another'
const THOUSAND = '1,000 in flight'

const budget: BudgetLine[] = [
  {
    says: 'one call after another: at most 1.15 × a bare port',
    scenario: ONE_AFTER_ANOTHER,
    subject: 'Troupe',
    over: BARE_PORT,
    limit: { atMost: 1.15 },
  },
  ...peers.map(
    (peer): BudgetLine => ({
      says: `one call after another: less than ${peer}`,
      scenario: ONE_AFTER_ANOTHER,
      subject: 'Troupe',
      over: peer,
      limit: { atMost: 1 },
    }),
  ),
  {
    says: '1,000 in flight: at least 2.5 × a bare port',
    scenario: THOUSAND,
    subject: 'Troupe',
    over: BARE_PORT,
    limit: { atLeast: 2.5 },
  },
  ...peers.map(
    (peer): BudgetLine => ({
      says: `1,000 in flight: at least 10 × ${peer}`,
      scenario: THOUSAND,
      subject: 'Troupe',
      over: peer,
      limit: { atLeast: 10 },
    }),
  ),
  {
    says: '16 MiB handed over: at most 1.5 × a bare port, whatever the size',
    scenario: '16 MiB handed over, there and back',
    subject: 'Troupe',
    over: BARE_PORT,
    limit: { atMost: 1.5 },
  },
]

export const question: Question = {
  name: 'calls',
  asks: 'what does a call into a worker thread cost, and how many go through at once?',
  notes: [
    'Each peer has one worker thread that adds two numbers, or gives back what it was given.',
    'The bare port is the plain thing one writes by hand: a `Worker`, a `MessageChannel`, `{ id, a, b }` out, `{ id, value }` back, a `Map` of pending calls.',
  ],
  contests: [
    {
      contestants: PEERS.map(verified),
      scenarios: [
        {
          name: ONE_AFTER_ANOTHER,
          unit: 'µs/call',
          better: 'less',
          cores: 'one',
          base: BARE_PORT,
          measure: oneAfterAnother,
        },
        ...[10, 100, 1_000, 10_000].map(waves),
        ...Object.entries(PAYLOADS).map(payload),
        ...[1 * MIB, 16 * MIB].map(handedOver),
      ] satisfies Scenario<Caller>[],
    },
  ],
  budget,
}
