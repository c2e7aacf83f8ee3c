import { Pool } from '@troupe/runtime'
import type { BudgetLine } from '../budget.ts'
import { type Crowd, type Members, openCrowd } from '../crowd/crowd.ts'
import { type Adder, inFlight } from '../measure.ts'
import type { Echo } from '../peers/troupe.service.ts'
import type { Closable, Contestant, Question, Scenario, Turn } from '../question.ts'

const FROM = '@troupe/runtime'
const module = new URL('../peers/troupe.service.ts', import.meta.url)

type Services = Closable & { readonly all: readonly Adder[] }

const services = (count: number): Contestant<Services> => ({
  name: `${count} ${count === 1 ? 'service' : 'services'}`,
  from: FROM,
  async open() {
    const pool = new Pool()
    const handles = await Promise.all(
      Array.from({ length: count }, (_, n) => pool.spawn<Echo>({ name: `service-${n}`, module })),
    )
    const close = () => pool.close()
    return { all: handles.map(({ proxy }) => ({ add: (a, b) => proxy.add(a, b), close })), close }
  },
})

type Pending = Closable & { readonly adder: Adder; readonly depth: number }

const pending = (depth: number): Contestant<Pending> => ({
  name: `${depth.toLocaleString('en')} pending`,
  from: FROM,
  async open() {
    const pool = new Pool()
    const { proxy } = await pool.spawn<Echo>({ name: 'echo', module })
    const close = () => pool.close()
    return { adder: { add: (a, b) => proxy.add(a, b), close }, depth, close }
  },
})

/** As many loops as calls shall be pending, so that there are always so many, and not waves of them. */
async function steadily({ adder, depth }: Pending, { forMs }: Turn): Promise<number> {
  const startMs = performance.now()
  let calls = 0
  let isOver = false
  const loop = async (): Promise<void> => {
    while (!isOver) {
      await adder.add(calls, 1)
      calls++
      // The clock costs a tenth of a call, so it is read seldom.
      if (calls % 256 === 0) isOver = performance.now() - startMs >= forMs
    }
  }
  await Promise.all(Array.from({ length: depth }, loop))
  return ((performance.now() - startMs) * 1_000) / calls
}

const crowd = (members: Members, name: string, othersOf: (many: number) => number): Contestant<Crowd> => ({
  name,
  from: members === 'Troupe' ? FROM : null,
  open: ({ many }) => openCrowd(members, 1 + othersOf(many)),
})

const PENDING = 'a call, by how many are pending'
const OTHERS = 'a call with nothing else on its way, by how many services idle beside it'
const OTHERS_IN_FLIGHT = 'a call among 1,000 in flight, by how many services idle beside it'
const ALONE = 'alone'
const BESIDE_MANY = 'with many others'

const besideOthers = (name: string, depth: number): Scenario<Crowd> => ({
  name,
  unit: 'µs/call',
  better: 'less',
  cores: 'all', // those of the crowd's own process, which sets them
  base: ALONE,
  measure: async (subject, { forMs }) => (await subject.call(forMs, depth)).usPerCall,
})

export const question: Question = {
  name: 'scale',
  asks: 'does a call stay as cheap with more services, and with more calls on their way?',
  notes: [
    'More services than cores can only show that nothing is lost: the main thread, which makes all the calls, is one of the cores.',
    'Beside the service that is called 100 others idle (in a quick run 5), in a process of their own.',
  ],
  contests: [
    {
      contestants: [1, 2, 4, 8].map(services),
      scenarios: [
        {
          name: '1,000 in flight to each service',
          unit: 'calls/s',
          better: 'more',
          cores: 'all',
          base: '1 service',
          async measure({ all }: Services, turn) {
            const costs = await Promise.all(all.map((adder) => inFlight(adder, 1_000, turn)))
            return costs.reduce((sum, us) => sum + 1e6 / us, 0)
          },
        },
      ],
    },
    {
      contestants: [10, 100, 1_000, 10_000].map(pending),
      scenarios: [
        { name: PENDING, unit: 'µs/call', better: 'less', cores: 'all', base: '100 pending', measure: steadily },
      ],
    },
    {
      contestants: [
        crowd('Troupe', ALONE, () => 0),
        crowd('Troupe', BESIDE_MANY, (many) => many / 2),
        crowd('bare Worker', 'bare Worker, alone', () => 0),
        crowd('bare Worker', 'bare Worker, with many others', (many) => many / 2),
      ],
      scenarios: [besideOthers(OTHERS, 1), besideOthers(OTHERS_IN_FLIGHT, 1_000)],
    },
  ],
  budget: [
    {
      says: '10,000 calls pending: at most 1.2 × the cost of one among 100',
      scenario: PENDING,
      subject: '10,000 pending',
      over: '100 pending',
      limit: { atMost: 1.2 },
    },
    ...[OTHERS, OTHERS_IN_FLIGHT].map(
      (scenario): BudgetLine => ({
        says: `with 100 idle services, ${scenario === OTHERS ? 'one after another' : '1,000 in flight'}: less than 10 % more than alone`,
        scenario,
        subject: BESIDE_MANY,
        over: ALONE,
        limit: { atMost: 1.1 },
      }),
    ),
  ],
}
