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
import type { RemoteStream } from '@troupe/worker-host/owner'
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
    this.#layers = new Map(Object.entries(layers).map(([method, wrap]) => [method, wrap(next)]))
    for (const [method, layer] of this.#layers) {
      if (layer instanceof Invoker && layer.queue === this.queue) continue
      throw new BadOptionsError(`the layer of "${method}" must be an Invoker around the one that it is given`)
    }
    this.queue.nameMethods(this.#layers.keys())
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
