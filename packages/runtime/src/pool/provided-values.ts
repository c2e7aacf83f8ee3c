/**
 * The values of a pool: what one service, or the parent script, provides, and others wait for by its key.
 *
 * A value belongs to whoever provided it. That of a service is taken back as soon as the service has stopped or failed, by
 * its state here, at the owner: so it does not matter in what way its thread has ended.
 */
import {
  BadOptionsError,
  type ContextId,
  DuplicateNameError,
  type InjectOptions,
  messageOf,
  NotCloneableError,
  NotRunningError,
  PoolClosedError,
} from '@troupe/worker-host'
import { findUncloneable, plainCopy, requireOptions } from '@troupe/worker-host/owner'
import type { StateChange } from '../services/service-events.ts'
import type { ServiceHandle } from '../services/service-handle.ts'

interface Provided {
  readonly value: unknown
  readonly provision: number
  /** Undefined for the parent script. */
  readonly provider: ServiceHandle | undefined
  /** Ends the watch over its provider. */
  readonly unwatch: () => void
}

const ENDED: ReadonlySet<string> = new Set(['STOPPING', 'STOPPED', 'FAILED'])

export class ProvidedValues {
  /** Asks the pool above for it. */
  readonly #above: (key: string, signal: AbortSignal) => Promise<unknown> | undefined
  readonly #values = new Map<string, Provided>()
  readonly #waiting = new Map<string, Set<PromiseWithResolvers<unknown>>>()
  #lastProvision = 0
  #isClosed = false

  constructor(above: (key: string, signal: AbortSignal) => Promise<unknown> | undefined) {
    this.#above = above
  }

  /**
   * @param value is kept as it is: the copy is `copyOf`'s
   * @param provider takes the value with it when it ends; undefined for the parent script
   * @returns its number, by which it is withdrawn
   */
  provide(key: string, value: unknown, provider?: ServiceHandle): number {
    if (this.#isClosed) throw closedFor(key)
    if (provider !== undefined && ENDED.has(provider.state)) throw new NotRunningError(provider.name, provider.state)
    if (this.#values.has(key)) throw new DuplicateNameError(key, 'value')
    const provision = ++this.#lastProvision
    const onState = ({ state }: StateChange): void => {
      if (state === 'STOPPED' || state === 'FAILED') this.withdraw(provision)
    }
    this.#values.set(key, { value, provision, provider, unwatch: () => provider?.off('state', onState) })
    provider?.on('state', onState)
    for (const { resolve } of this.#waiting.get(key) ?? []) resolve(structuredClone(value))
    return provision
  }

  /** Whether that value was provided from there; so it is, too, of one that is there no more. */
  isFrom(context: ContextId, provision: number): boolean {
    const provided = [...this.#values.values()].find((one) => one.provision === provision)
    return provided === undefined || provided.provider?.context === context
  }

  /** Of one that is withdrawn already, or whose provider has ended, it does nothing. */
  withdraw(provision: number): void {
    for (const [key, provided] of this.#values) {
      if (provided.provision !== provision) continue
      provided.unwatch()
      this.#values.delete(key)
    }
  }

  /** Resolves with a copy of the value: this pool's, now or later, or that of the nearest pool above that has it. */
  async inject(key: string, options: InjectOptions = {}): Promise<unknown> {
    requireKey(key)
    requireOptions('inject', options, ['signal'])
    const { signal } = options
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw new BadOptionsError(`"signal" must be an AbortSignal, found ${messageOf(signal)}`)
    }
    signal?.throwIfAborted()
    const known = this.#values.get(key)
    if (known !== undefined) return structuredClone(known.value)
    if (this.#isClosed) throw closedFor(key)
    const coming = Promise.withResolvers<unknown>()
    const found = new AbortController()
    const onAbort = (): void => coming.reject(signal!.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    const waiting = this.#waiting.get(key) ?? new Set()
    this.#waiting.set(key, waiting.add(coming))
    this.#above(key, found.signal)?.then(coming.resolve, coming.reject)
    try {
      return await coming.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
      waiting.delete(coming)
      if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key)
      found.abort()
    }
  }

  close(): void {
    this.#isClosed = true
    for (const { unwatch } of this.#values.values()) unwatch()
    this.#values.clear()
    for (const [key, waiting] of this.#waiting) for (const { reject } of waiting) reject(closedFor(key))
  }
}

/** @throws {NotCloneableError} ERR_TROUPE_NOT_CLONEABLE also for what a copy would not be: a stub, a stream, a codec's */
export function copyOf(key: string, value: unknown): unknown {
  requireKey(key)
  const copy = plainCopy(value)
  if (copy !== undefined) return copy.value
  const { path, found } = findUncloneable(value, 'value')
  throw new NotCloneableError(`provided value "${key}"`, path, found)
}

function requireKey(key: unknown): void {
  if (typeof key !== 'string' || key === '') throw new BadOptionsError(`a key must be a text, found ${messageOf(key)}`)
}

const closedFor = (key: string): Error => new PoolClosedError(`value "${key}" is not to be had`)
