/**
 * What a pool, and those in the contexts below it, have refused: counted by reason, and told to whoever listens. Nothing
 * is kept of a single one, so a caller that is refused for ever costs no memory.
 */
import { EventEmitter } from 'node:events'
import type { Refusal, RefusalReason } from '@troupe/worker-host'

export interface PoolEventMap {
  /** Something was refused here, or in a context below. */
  refused: [refusal: Refusal]
}

export type PoolListener<Event extends keyof PoolEventMap> = (...args: PoolEventMap[Event]) => unknown

export class Refusals {
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  readonly #counts: Record<RefusalReason, number> = { policy: 0, forged: 0, activation: 0 }
  readonly #passUp: ((refusal: Refusal) => void) | undefined

  /** @param passUp tells the pool above; undefined at the root */
  constructor(passUp: ((refusal: Refusal) => void) | undefined) {
    this.#passUp = passUp
  }

  get counts(): Readonly<Record<RefusalReason, number>> {
    return { ...this.#counts }
  }

  on<Event extends keyof PoolEventMap>(event: Event, listener: PoolListener<Event>): void {
    this.#emitter.on(event, listener)
  }

  off<Event extends keyof PoolEventMap>(event: Event, listener: PoolListener<Event>): void {
    this.#emitter.off(event, listener)
  }

  tell(refusal: Refusal): void {
    this.#counts[refusal.reason]++
    this.#passUp?.(refusal)
    // Later in the turn: a listener that calls, or closes, the service would do so in the middle of a batch.
    if (this.#emitter.listenerCount('refused') > 0) queueMicrotask(() => this.#emit(refusal))
  }

  #emit(refusal: Refusal): void {
    for (const listener of this.#emitter.listeners('refused')) {
      new Promise((resolve) => resolve(listener(refusal))).catch(warnOf)
    }
  }
}

/** A listener that throws, or rejects, hurts nobody. */
function warnOf(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(`a listener of "refused" threw ${String(error)}`))
}
