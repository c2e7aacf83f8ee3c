import { Pool, type ServiceProxy } from '@troupe/runtime'
import type { BudgetLine } from '../budget.ts'
import { type Adder, inFlightCpu, oneAfterAnother } from '../measure.ts'
import type { Contestant, Question } from '../question.ts'
import type { Sums } from '../services/sums.ts'

const PLAIN = 'plain'
const TIMEOUT_MS = 60_000

/** @param timeoutMs the pool's, for every call that says nothing else */
const feature = (
  name: string,
  addOf: (proxy: ServiceProxy<Sums>) => Adder['add'],
  timeoutMs: number | null = null,
): Contestant<Adder> => ({
  name,
  from: '@troupe/runtime',
  async open() {
    const pool = new Pool({ timeoutMs })
    const module = new URL('../services/sums.ts', import.meta.url)
    const { proxy } = await pool.spawn<Sums>({ name: 'sums', module })
    return { add: addOf(proxy), close: () => pool.close() }
  },
})

const FEATURES = [
  feature(PLAIN, (proxy) => (a, b) => proxy.add(a, b)),
  feature("the pool's deadline", (proxy) => (a, b) => proxy.add(a, b), TIMEOUT_MS),
  feature('$with a deadline, once', (proxy) => {
    const hurried = proxy.$with({ timeoutMs: TIMEOUT_MS })
    return (a, b) => hurried.add(a, b)
  }),
  feature('$with a deadline, each call', (proxy) => (a, b) => proxy.$with({ timeoutMs: TIMEOUT_MS }).add(a, b)),
  feature('$with a signal, once', (proxy) => {
    const abortable = proxy.$with({ signal: new AbortController().signal })
    return (a, b) => abortable.add(a, b)
  }),
  feature("an author's policy", (proxy) => (a, b) => proxy.addByPolicy(a, b)),
  feature('an argument spec', (proxy) => (a, b) => proxy.addBySpec(a, b)),
  feature('deadline, signal, policy and spec', (proxy) => {
    const both = proxy.$with({ signal: new AbortController().signal, timeoutMs: TIMEOUT_MS })
    return (a, b) => both.addByBoth(a, b)
  }),
  feature('an async method', (proxy) => (a, b) => proxy.addAsynchronously(a, b)),
  feature('this.call after await', (proxy) => (a, b) => proxy.addInScope(a, b)),
  feature('all together', (proxy) => {
    const both = proxy.$with({ signal: new AbortController().signal, timeoutMs: TIMEOUT_MS })
    return (a, b) => both.addWithAll(a, b)
  }),
]

const ONE_AFTER_ANOTHER = 'a call with nothing else on its way'
const IN_FLIGHT = 'a call among 1,000 in flight'

const budget = FEATURES.filter(({ name }) => name !== PLAIN).flatMap(({ name: subject }) =>
  [ONE_AFTER_ANOTHER, IN_FLIGHT].map(
    (scenario): BudgetLine => ({
      says: `${subject}, ${scenario === ONE_AFTER_ANOTHER ? 'alone' : '1,000 in flight'}: at most 1.5 × a plain call`,
      scenario,
      subject,
      over: PLAIN,
      limit: { atMost: 1.5 },
    }),
  ),
)

export const question: Question = {
  name: 'features',
  asks: 'what does each thing that a call can have cost, beside a plain call?',
  notes: [
    "In flight it is the processor's time that is compared, of both threads together: what a call costs, also where others are at work.",
    'A plain call: a synchronous method, `AllowAny`, no deadline. Each other row has one thing more, the last has all of them.',
    "The argument spec is zod's tuple of two numbers. The policy is an author's own, asked in the service's thread.",
  ],
  contests: [
    {
      contestants: FEATURES,
      scenarios: [
        {
          name: ONE_AFTER_ANOTHER,
          unit: 'µs/call',
          better: 'less',
          cores: 'one',
          base: PLAIN,
          measure: oneAfterAnother,
        },
        {
          name: IN_FLIGHT,
          unit: 'µs of CPU/call',
          better: 'less',
          cores: 'all',
          base: PLAIN,
          measure: (adder: Adder, turn) => inFlightCpu(adder, 1_000, turn),
        },
      ],
    },
  ],
  budget,
}
