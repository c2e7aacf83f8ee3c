/**
 * A service's events. A listener that throws hurts nobody: what it throws, or rejects with, becomes a warning. What a
 * listener brings about is told after what it was told itself, so all listeners hear all events in one order.
 */
import { EventEmitter } from 'node:events'
import type { Change } from '../lifecycle/reconciler.ts'

export interface StateChange extends Change {
  /** Counts the objects that have lived under the service's name. */
  readonly generation: number
}

export interface ServiceEventMap {
  /** The service is in another state. */
  state: [change: StateChange]
  /** The service is FAILED and has been cleaned up. `willRestart`: its supervision brings it back. */
  failed: [error: unknown, willRestart: boolean]
  /** A new object stands in place of one that crashed, in the state of its service. */
  restarted: [generation: number]
}

export type ServiceListener<Event extends keyof ServiceEventMap> = (...args: ServiceEventMap[Event]) => unknown

type AnyListener = (...args: unknown[]) => unknown

export class ServiceEvents {
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  readonly #untold: (readonly [event: string, args: readonly unknown[]])[] = []
  readonly #onEnd = new Set<() => void>()
  #isTelling = false
  #hasEnded = false

  on<Event extends keyof ServiceEventMap>(event: Event, listener: ServiceListener<Event>): void {
    this.#emitter.on(event, listener as AnyListener)
  }

  off<Event extends keyof ServiceEventMap>(event: Event, listener: ServiceListener<Event>): void {
    this.#emitter.off(event, listener as AnyListener)
  }

  listenerCount(event: keyof ServiceEventMap): number {
    return this.#emitter.listenerCount(event)
  }

  emit<Event extends keyof ServiceEventMap>(event: Event, ...args: ServiceEventMap[Event]): void {
    this.#untold.push([event, args])
    if (this.#isTelling) return
    this.#isTelling = true
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
      for (const listener of this.#emitter.listeners(next[0])) tell(next[0], listener as AnyListener, next[1])
    }
    this.#isTelling = false
  }

  /** No event comes after this. */
  end(): void {
    this.#hasEnded = true
    for (const listener of [...this.#onEnd]) listener()
  }

  /** Calls back at the end; at once when that is over. */
  whenEnded(listener: () => void): void {
    if (this.#hasEnded) listener()
    else this.#onEnd.add(listener)
  }

  forgetEnd(listener: () => void): void {
    this.#onEnd.delete(listener)
  }
}

function tell(event: string, listener: AnyListener, args: readonly unknown[]): void {
  const warn = (thrown: unknown): void =>
    process.emitWarning(thrown instanceof Error ? thrown : `a listener of "${event}" threw ${String(thrown)}`)
  try {
    const told = listener(...args)
    if (told instanceof Promise) told.catch(warn)
  } catch (thrown) {
    warn(thrown)
  }
}
