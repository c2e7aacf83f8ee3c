/** What a specification says of how calls reach a service: by name, by an invoker, or for each method by itself. */
import { BadOptionsError } from '@troupe/worker-host'
import { shown } from '@troupe/worker-host/owner'
import { DeduplicatingInvoker } from '../calls/deduplicating-invoker.ts'
import { ConcurrentInvoker, Invoker, SerializedInvoker } from '../calls/invoker.ts'
import { ConcurrencyLimitInvoker } from '../layers/concurrency-limit-invoker.ts'
import { PerMethodInvoker } from '../layers/per-method-invoker.ts'

export type InvokerName = 'concurrent' | 'serialized' | 'deduplicating'

/** Makes a layer around the invoker that all methods share. */
export type MakeLayer = (next: Invoker) => Invoker

/**
 * `{ vacuum: 'serialized', fetch: (next) => new RetryInvoker({}, next), '*': new RateLimitInvoker({ callsPerSecond: 100 }) }`:
 * a name or a layer for a method, and under `*` what all of them share, with the mailbox.
 */
export type InvokerByMethod = Readonly<Record<string, InvokerName | MakeLayer | Invoker>>

export type InvokerSpec = InvokerName | Invoker | InvokerByMethod

const INVOKERS: Readonly<Record<InvokerName, () => Invoker>> = {
  concurrent: () => new ConcurrentInvoker(),
  serialized: () => new SerializedInvoker(),
  deduplicating: () => new DeduplicatingInvoker(),
}

/** The same for one method. Its calls wait for each other at the owner, so that those of other methods don't. */
const LAYERS: Readonly<Record<InvokerName, MakeLayer>> = {
  concurrent: (next) => next,
  serialized: (next) => new ConcurrencyLimitInvoker({ maxConcurrent: 1 }, next),
  deduplicating: (next) => new DeduplicatingInvoker({}, next),
}

const SHARED = '*'

/** What is wrong with it, if it is. */
export function* invokerProblems(invoker: unknown): Generator<string> {
  const known = `an Invoker or one of ${Object.keys(INVOKERS).join(', ')}`
  if (invoker === undefined || invoker instanceof Invoker || isName(invoker)) return
  if (typeof invoker !== 'object' || invoker === null || Array.isArray(invoker)) {
    yield `"invoker" must be ${known}, or one for each method, found ${shown(invoker)}`
    return
  }
  for (const [method, given] of Object.entries(invoker)) {
    if (isName(given) || (method === SHARED ? given instanceof Invoker : typeof given === 'function')) continue
    const expected =
      method === SHARED ? known : `a function that makes a layer or one of ${Object.keys(INVOKERS).join(', ')}`
    yield `"invoker" of "${method}" must be ${expected}, found ${given instanceof Invoker ? 'an Invoker' : shown(given)}`
  }
}

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, also for a layer that is not around the invoker that it was given */
export function toInvoker(invoker: InvokerSpec = 'concurrent'): Invoker {
  const problems = [...invokerProblems(invoker)]
  if (problems.length > 0) throw new BadOptionsError(problems.join('; '))
  if (invoker instanceof Invoker) return invoker
  if (isName(invoker)) return INVOKERS[invoker]()
  const { [SHARED]: shared = 'concurrent', ...methods } = invoker
  const layers = Object.entries(methods).map(
    ([method, given]) => [method, isName(given) ? LAYERS[given] : given] as const,
  )
  return new PerMethodInvoker(Object.fromEntries(layers) as Record<string, MakeLayer>, toInvoker(shared as InvokerSpec))
}

const isName = (given: unknown): given is InvokerName => typeof given === 'string' && Object.hasOwn(INVOKERS, given)
