/**
 * Layers for single methods: each is made around the invoker that all methods share, and what has none goes to that
 * directly.
 *
 *     new PerMethodInvoker({
 *       fetch: (next) => new RetryInvoker({ attempts: 5 }, new RateLimitInvoker({ callsPerSecond: 10 }, next)),
 *       report: (next) => new ConcurrencyLimitInvoker({ maxConcurrent: 1 }, next),
 *     })
 */
import { BadOptionsError } from '@troupe/worker-host'
import { type RemoteStream, shown } from '@troupe/worker-host/owner'
import type { CallRequest } from '../calls/call.ts'
import { ConcurrentInvoker, Invoker } from '../calls/invoker.ts'

export class PerMethodInvoker extends Invoker {
  /** A Map: by a name such as `constructor` an object would find what every object has. */
  readonly #layers: ReadonlyMap<string, Invoker>

  /**
   * @param layers by the method's name, what makes its layer around the invoker that it is given
   * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for a layer that is not around it
   */
  constructor(layers: Readonly<Record<string, (next: Invoker) => Invoker>>, next: Invoker = new ConcurrentInvoker()) {
    super({}, next)
    if (typeof layers !== 'object' || layers === null || Array.isArray(layers)) {
      throw new BadOptionsError(`PerMethodInvoker needs an object of functions by method, found ${shown(layers)}`)
    }
    this.#layers = new Map(Object.entries(layers).map(([method, wrap]) => [method, this.#made(method, wrap, next)]))
    this.queue.nameMethods(this.#layers.keys())
  }

  #made(method: string, wrap: unknown, next: Invoker): Invoker {
    if (typeof wrap !== 'function') {
      throw new BadOptionsError(`the layer of "${method}" must be made by a function, found ${shown(wrap)}`)
    }
    const layer: unknown = wrap(next)
    if (layer instanceof Invoker && layer.queue === this.queue) return layer
    throw new BadOptionsError(`the layer of "${method}" must be an Invoker around the one that it is given`)
  }

  override invoke(request: CallRequest): Promise<unknown> {
    const layer = this.#layers.get(request.method)
    return layer === undefined ? super.invoke(request) : layer.invoke(request)
  }

  override stream(request: CallRequest): RemoteStream<unknown> {
    const layer = this.#layers.get(request.method)
    return layer === undefined ? super.stream(request) : layer.stream(request)
  }
}
