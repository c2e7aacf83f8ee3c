import {
  BatchingInvoker,
  CircuitBreakerInvoker,
  ConcurrencyLimitInvoker,
  DeduplicatingInvoker,
  type Invoker,
  type InvokerName,
  Pool,
  RateLimitInvoker,
  RetryInvoker,
} from '@troupe/runtime'
import { besidePlain, budgetBesidePlain, IN_FLIGHT, PLAIN } from '../beside-plain.ts'
import type { BudgetLine } from '../budget.ts'
import type { Adder } from '../measure.ts'
import type { Contestant, Question } from '../question.ts'
import type { Sums } from '../services/sums.ts'

/** Past what a run can make, so that the limits are asked and never reached. */
const NEVER_REACHED = 1e9

/** How calls are given to the invoker: each with other arguments, or all with the same. */
type Arguments = 'as they come' | 'always new' | 'always the same'

async function open(invoker: InvokerName | Invoker, given: Arguments): Promise<Adder> {
  const pool = new Pool()
  const { proxy } = await pool.spawn<Sums>({
    name: 'sums',
    module: new URL('../services/sums.ts', import.meta.url),
    invoker,
  })
  let calls = 0
  return {
    add:
      given === 'as they come'
        ? (a, b) => proxy.add(a, b)
        : async (a, b) => {
            // The reply still counts: what the service was not asked is added here.
            const base = given === 'always new' ? ++calls : 0
            return (await proxy.add(base, b)) - base + a
          },
    close: () => pool.close(),
  }
}

const way = (
  name: string,
  invoker: () => InvokerName | Invoker,
  given: Arguments = 'as they come',
): Contestant<Adder> => ({
  name,
  from: '@troupe/runtime',
  open: () => open(invoker(), given),
})

const WAYS = [
  way(PLAIN, () => 'concurrent'),
  way('serialized', () => 'serialized'),
  way('deduplicating, all differ', () => 'deduplicating', 'always new'),
  way('deduplicating, all hit', () => new DeduplicatingInvoker({ ttlMs: Number.POSITIVE_INFINITY }), 'always the same'),
  way('retry', () => new RetryInvoker()),
  way('circuit breaker', () => new CircuitBreakerInvoker()),
  way('rate limit', () => new RateLimitInvoker({ callsPerSecond: NEVER_REACHED })),
  way('concurrency limit', () => new ConcurrencyLimitInvoker({ maxConcurrent: 16_384 })),
  way('batching', () => new BatchingInvoker({ methods: { add: 'addMany' } })),
]

const budget: BudgetLine[] = [
  ...budgetBesidePlain(['serialized', 'retry', 'circuit breaker', 'rate limit', 'concurrency limit']),
  {
    says: 'a deduplicated call that hits: at most 1 µs of CPU, which is a million a second',
    scenario: IN_FLIGHT,
    subject: 'deduplicating, all hit',
    over: null,
    limit: { atMost: 1 },
  },
]

export const question: Question = {
  name: 'invokers',
  asks: 'what does it cost to send calls through another invoker, or through a layer?',
  notes: [
    "In flight it is the processor's time that is compared, of both threads together: what a call costs, also where others are at work.",
    'All are services of Troupe that add two numbers; a plain call goes through the default invoker.',
    'The limits are set so high that they are asked for each call and never reached.',
    'The deduplicating ones pay for an `await` of their own in the bench, some 0.1 µs a call.',
  ],
  contests: [besidePlain(WAYS)],
  budget,
}
