/** A service's events. A listener that throws hurts nobody: what it throws becomes a warning. */
import { EventEmitter } from 'node:events'
import type { ServiceState } from '@troupe/worker-host'

export interface StateChange {
  readonly state: ServiceState
  readonly previous: ServiceState
  /** Counts the objects that have lived under the service's name. */
  readonly generation: number
}

export interface ServiceEventMap {
  /** The service is in another state. */
  state: [change: StateChange]
  /** The service is FAILED and has been cleaned up. `willRestart`: its supervision brings it back. */
  failed: [error: unknown, willRestart: boolean]
  /** A new object is RUNNING in place of one that crashed. */
  restarted: [generation: number]
}

export type ServiceListener<Event extends keyof ServiceEventMap> = (...args: ServiceEventMap[Event]) => void

export class ServiceEvents {
  readonly #emitter = new EventEmitter()

  on<Event extends keyof ServiceEventMap>(event: Event, listener: ServiceListener<Event>): void {
    this.#emitter.on(event, listener as (...args: unknown[]) => void)
  }

  off<Event extends keyof ServiceEventMap>(event: Event, listener: ServiceListener<Event>): void {
    this.#emitter.off(event, listener as (...args: unknown[]) => void)
  }

  emit<Event extends keyof ServiceEventMap>(event: Event, ...args: ServiceEventMap[Event]): void {
    for (const listener of this.#emitter.listeners(event)) {
      try {
        listener(...args)
      } catch (error) {
        process.emitWarning(
          error instanceof Error ? error : new Error(`a listener of "${event}" threw ${String(error)}`),
        )
      }
    }
  }
}
