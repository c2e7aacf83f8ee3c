import { Pool, type ServiceProxy } from '@troupe/runtime'
import { besidePlain, budgetBesidePlain, PLAIN } from '../beside-plain.ts'
import type { Adder } from '../measure.ts'
import type { Contestant, Question } from '../question.ts'
import type { Sums } from '../services/sums.ts'

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

const budget = budgetBesidePlain(FEATURES.map(({ name }) => name).filter((name) => name !== PLAIN))

export const question: Question = {
  name: 'features',
  asks: 'what does each thing that a call can have cost, beside a plain call?',
  notes: [
    "In flight it is the processor's time that is compared, of both threads together: what a call costs, also where others are at work.",
    'A plain call: a synchronous method, `AllowAny`, no deadline. Each other row has one thing more, the last has all of them.',
    "The argument spec is zod's tuple of two numbers. The policy is an author's own, asked in the service's thread.",
  ],
  contests: [besidePlain(FEATURES)],
  budget,
}
