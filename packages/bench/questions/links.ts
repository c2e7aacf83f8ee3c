import { Pool } from '@troupe/runtime'
import { IN_FLIGHT, ONE_AFTER_ANOTHER } from '../beside-plain.ts'
import type { BudgetLine } from '../budget.ts'
import { type Adder, inFlightCpu, oneAfterAnother } from '../measure.ts'
import { open as openBarePort } from '../peers/bare-port.ts'
import { open as openBareRelay } from '../peers/bare-relay.ts'
import type { Closable, Contestant, Question, Turn } from '../question.ts'
import type { Asker } from '../services/asker.ts'
import type { Sums } from '../services/sums.ts'

const OWNER = 'owner → service'
const ROUTED = 'service → service, routed'
const DIRECT = 'service → service, direct'
const BARE = 'bare port'
const RELAYED = 'bare port, relayed'

/** Who calls measures, and where it is called: its thread's clock is the one that counts. */
type Calling = Closable & {
  /** @returns µs a call */
  alone(turn: Turn): Promise<number>
  /** @returns µs of the processor's time for a call, of all threads together */
  inFlight(turn: Turn): Promise<number>
}

const DEPTH = 1_000
const sums = { name: 'sums', module: new URL('../services/sums.ts', import.meta.url) }

/** Calls made, and measured, in this thread. */
const measured = (adder: Adder): Calling => ({
  alone: (turn) => oneAfterAnother(adder, turn),
  inFlight: (turn) => inFlightCpu(adder, DEPTH, turn),
  close: () => adder.close(),
})

const owner: Contestant<Calling> = {
  name: OWNER,
  from: '@troupe/runtime',
  async open() {
    const pool = new Pool()
    const { proxy } = await pool.spawn<Sums>(sums)
    const close = () => pool.close()
    return measured({ add: (a: number, b: number) => proxy.add(a, b), close })
  },
}

const bare: Contestant<Calling> = { name: BARE, from: null, open: async () => measured(await openBarePort()) }

const relayed: Contestant<Calling> = {
  name: RELAYED,
  from: null,
  async open() {
    const relay = await openBareRelay()
    return {
      alone: (turn) => relay.measure(1, turn),
      inFlight: (turn) => relay.measure(DEPTH, turn),
      close: () => relay.close(),
    }
  },
}

const between = (name: string, link: 'direct' | 'routed'): Contestant<Calling> => ({
  name,
  from: '@troupe/runtime',
  async open() {
    const pool = new Pool()
    await pool.spawn<Sums>({ ...sums, link })
    const asker = await pool.spawn<Asker>({ name: 'asker', module: new URL('../services/asker.ts', import.meta.url) })
    return {
      alone: ({ forMs }) => asker.proxy.oneAfterAnother(sums.name, forMs),
      async inFlight({ forMs }) {
        const before = process.cpuUsage()
        const calls = await asker.proxy.inFlight(sums.name, DEPTH, forMs)
        const { user, system } = process.cpuUsage(before)
        return (user + system) / calls
      },
      close: () => pool.close(),
    }
  },
})

const budget = [ONE_AFTER_ANOTHER, IN_FLIGHT].flatMap((scenario): BudgetLine[] => {
  const where = scenario === ONE_AFTER_ANOTHER ? 'alone' : '1,000 in flight'
  const line = (subject: string, atMost: number): BudgetLine => ({
    says: `${subject}, ${where}: at most ${atMost} × owner → service`,
    scenario,
    subject,
    over: OWNER,
    limit: { atMost },
  })
  return [line(ROUTED, 2.2), line(DIRECT, 1.2)]
})

export const question: Question = {
  name: 'links',
  asks: 'what does a call between two services cost, by their owner and past it?',
  notes: [
    'Two services of one pool; the calling one measures in its own thread. All have the pool’s deadline of 30 s.',
    'Relayed: a thread does nothing but hand each message on, from port to port, there and back. The result of a routed call that is alone does not come back that way.',
    "In flight it is the processor's time that is compared, of all threads together: three of them take part in a routed call, two in the others.",
  ],
  contests: [
    {
      contestants: [owner, between(ROUTED, 'routed'), between(DIRECT, 'direct'), bare, relayed],
      scenarios: [
        {
          name: ONE_AFTER_ANOTHER,
          unit: 'µs/call',
          better: 'less',
          cores: 'one',
          base: OWNER,
          measure: (calling: Calling, turn) => calling.alone(turn),
        },
        {
          name: IN_FLIGHT,
          unit: 'µs of CPU/call',
          better: 'less',
          cores: 'all',
          base: OWNER,
          measure: (calling: Calling, turn) => calling.inFlight(turn),
        },
      ],
    },
  ],
  budget,
}
