/**
 * What travels with a call beside its arguments: a trace, and what stands in registered stores where the call is made.
 * Nothing is looked up, and nothing sent, until somebody registers a store or a trace provider, or gives a trace.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { oncePerThread } from '../copies/once-per-thread.ts'
import { BadOptionsError } from '../errors/catalogue.ts'
import { shown } from '../errors/require-options.ts'
import type { TraceContext } from '../wire/messages.ts'

/** What a call takes along from where it is made. */
export interface Carried {
  readonly trace?: TraceContext
  /** By name; copies, as they were at the call. */
  readonly stores?: Readonly<Record<string, unknown>>
}

type Store = Pick<AsyncLocalStorage<unknown>, 'getStore' | 'run'>
type TraceProvider = () => TraceContext | undefined

interface Registry {
  /** Several of a name, where a file that registers one is there several times: each service's module has its own copy. */
  readonly stores: Map<string, Set<Store>>
  provider: TraceProvider | undefined
}

const registry = oncePerThread<Registry>('carried', () => ({ stores: new Map(), provider: undefined }))

/**
 * Has the value of an AsyncLocalStorage travel with calls: registered under the same name at the caller and, while its
 * module is loaded, at the service, it holds in a method what it held at the call. The value is copied; one that can't be
 * copied stays at home, and in the method the store is empty.
 *
 * Two of one name hold the same: what either holds travels, and in a method both hold it.
 *
 * @returns takes it back
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is no name, or no AsyncLocalStorage
 */
export function registerStore<T>(name: string, store: AsyncLocalStorage<T>): () => void {
  if (typeof name !== 'string') throw new BadOptionsError(`a store's name must be a text, found ${shown(name)}`)
  if (!(store instanceof AsyncLocalStorage))
    throw new BadOptionsError(`"${name}" must be an AsyncLocalStorage, found ${shown(store)}`)
  const stores = registry.stores.get(name) ?? new Set()
  registry.stores.set(name, stores.add(store as Store))
  return () => {
    const left = registry.stores.get(name)
    left?.delete(store as Store)
    if (left?.size === 0) registry.stores.delete(name)
  }
}

/**
 * Asked at each call for the trace that it is part of, where `$with({ traceparent })` gives none: the way for a tracer to
 * hand its active span on.
 *
 * @returns takes it back
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS when there is another one
 */
export function registerTraceProvider(provider: TraceProvider): () => void {
  if ((registry.provider ?? provider) !== provider) throw new BadOptionsError('there is another trace provider')
  registry.provider = provider
  return () => {
    registry.provider = undefined
  }
}

/** The names under which stores are registered in this thread. */
export const registeredStores = (): readonly string[] => [...registry.stores.keys()]

/** What a call made now takes along. @param given the trace that it was given itself */
export function carriedNow(given: TraceContext | undefined): Carried | undefined {
  if (given === undefined && registry.provider === undefined && registry.stores.size === 0) return undefined
  const trace = given ?? textsOf(registry.provider?.())
  const stores: Record<string, unknown> = {}
  for (const [name, ofName] of registry.stores) {
    const copy = firstCopyOf(ofName)
    if (copy !== undefined) stores[name] = copy
  }
  const hasStores = Object.keys(stores).length > 0
  if (trace === undefined && !hasStores) return undefined
  return { ...(trace && { trace }), ...(hasStores && { stores }) }
}

/** Calls `run` with the stores of those names that are registered here as they were at the caller. */
export function enterStores(values: Readonly<Record<string, unknown>>, run: () => unknown): unknown {
  let entered = run
  for (const [name, ofName] of registry.stores) {
    if (!Object.hasOwn(values, name)) continue
    for (const store of ofName) {
      const inner = entered
      entered = () => store.run(values[name], inner)
    }
  }
  return entered()
}

/** A tracer's own object may have more to it, which would not cross to a thread. */
function textsOf(trace: TraceContext | undefined): TraceContext | undefined {
  const { traceparent, tracestate } = trace ?? {}
  if (typeof traceparent !== 'string') return undefined
  return typeof tracestate === 'string' ? { traceparent, tracestate } : { traceparent }
}

function firstCopyOf(stores: Iterable<Store>): unknown {
  for (const store of stores) {
    const copy = copyOf(store.getStore())
    if (copy !== undefined) return copy
  }
  return undefined
}

function copyOf(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return undefined
  }
}
