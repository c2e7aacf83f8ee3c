/**
 * What a pool answers to the pools next to it: a service that each pool has without having been added, under a name that
 * no service can have. So what pools ask each other goes the way of all calls: with deadlines, aborts, and callers that
 * are known by the port.
 */
import { type ContextId, NoSuchMethodError, NotAuthorizedError } from '@troupe/worker-host'
import { isBelow, parentOf } from '@troupe/worker-host/owner'
import type { CallRequest, RefusedCall } from '../calls/call.ts'
import type { ServiceGraph } from '../graph/service-graph.ts'
import type { ServiceHandle } from '../services/service-handle.ts'
import { copyOf, ProvidedValues } from './provided-values.ts'

export const POOL_SERVICE = '\0pool'

/** What errors and events call it. */
const NAME = 'pool'

export interface PoolServiceOptions {
  /** The context of the pool. */
  readonly id: ContextId
  readonly serviceNamed: (name: string) => ServiceHandle | undefined
  /** Asks the pool above; undefined where there is none. */
  readonly askAbove: (request: CallRequest) => Promise<unknown> | undefined
  readonly graph: (limitMs: number) => Promise<ServiceGraph>
  /** Somebody has asked what only others may. */
  readonly onRefused: (call: RefusedCall) => void
}

export class PoolService {
  readonly values: ProvidedValues
  readonly #options: PoolServiceOptions

  constructor(options: PoolServiceOptions) {
    this.#options = options
    const { id, askAbove } = options
    this.values = new ProvidedValues((key, signal) => askAbove({ ...question(id, 'inject', key), signal }))
  }

  /** A service in this context provides a value: to this pool if it is in it, else to the one above. */
  async provideFor(path: string, key: string, value: unknown): Promise<AsyncDisposable> {
    const { id, serviceNamed, askAbove } = this.#options
    const copy = copyOf(key, value)
    const pool = parentOf(path)
    const name = path.slice(pool.length + 1)
    if (pool === id) {
      const provision = this.values.provide(key, copy, serviceNamed(name)!)
      return { [Symbol.asyncDispose]: async () => this.values.withdraw(provision) }
    }
    const provision = await askAbove(question(id, 'provide', name, key, copy))
    return {
      [Symbol.asyncDispose]: async () => void (await askAbove(question(id, 'withdraw', provision))),
    }
  }

  /** A question of a pool next to this one. */
  readonly send = async (request: CallRequest): Promise<unknown> => {
    const { method, args, caller, signal, within } = request
    switch (method) {
      case 'graph':
        if (!isBelow(this.#options.id, caller)) throw this.#refusal(request)
        return this.#options.graph(Number(args[0]))
      case 'inject':
        return this.values.inject(args[0] as string, { signal: within?.signal ?? signal })
      case 'provide':
        return this.#provide(request)
      case 'withdraw':
        return this.#withdraw(request)
      default:
        throw new NoSuchMethodError(NAME, method)
    }
  }

  /** Only for a service of this pool that lives where the question comes from. */
  #provide(request: CallRequest): number {
    const [name, key, value] = request.args
    const service = this.#options.serviceNamed(name as string)
    if (service?.context !== request.caller) throw this.#refusal(request)
    return this.values.provide(key as string, value, service)
  }

  /** Only what was provided from where the question comes. */
  #withdraw(request: CallRequest): void {
    const provision = request.args[0] as number
    if (!this.values.isFrom(request.caller, provision)) throw this.#refusal(request)
    this.values.withdraw(provision)
  }

  #refusal(request: CallRequest): NotAuthorizedError {
    this.#options.onRefused({ ...request, service: NAME })
    return new NotAuthorizedError(NAME, request.method, request.caller)
  }
}

/** Of one pool to another: by default without a deadline. */
export function question(caller: ContextId, method: string, ...args: readonly unknown[]): CallRequest {
  return { service: POOL_SERVICE, method, args, caller, isIdempotent: false, signal: undefined, timeoutMs: null }
}
