/**
 * The control plane to the host of one service.
 *
 * Comlink leaves a call pending for ever when the thread behind it is gone, or when nobody answers any more, so every
 * request goes through `ask`, which the end of the link rejects.
 */
import type { HostApi } from '@troupe/worker-host/owner'

/** What is known of a thread's end. */
export interface Death {
  /** What it died of, where that is known. */
  readonly cause?: unknown
  /** Absent for a thread that was killed: it need not have ended yet. */
  readonly exitCode?: number | undefined
  /** What a process was ended by, when that was not its owner. */
  readonly signal?: NodeJS.Signals | undefined
}

/** Rejects a request to a host whose thread is gone. */
export class ContextDiedError extends Error {
  readonly death: Death
  constructor(death: Death) {
    super('the thread died', { cause: death.cause })
    this.death = death
  }
}

export class HostLink {
  /** Resolves when the link has ended: with its thread, or because its service is done. */
  readonly ended: Promise<Death>
  readonly #host: HostApi
  readonly #asking = new Set<(death: Death) => void>()
  #death: Death | undefined
  #markEnded!: (death: Death) => void

  constructor(host: HostApi) {
    this.#host = host
    this.ended = new Promise((resolve) => {
      this.#markEnded = resolve
    })
  }

  /** @throws {ContextDiedError} when the link ends before the host has answered */
  async ask<T>(request: (host: HostApi) => Promise<T>): Promise<T> {
    if (this.#death) throw new ContextDiedError(this.#death)
    const { promise: gone, reject } = Promise.withResolvers<never>()
    const onEnd = (death: Death): void => reject(new ContextDiedError(death))
    this.#asking.add(onEnd)
    try {
      return await Promise.race([request(this.#host), gone])
    } finally {
      this.#asking.delete(onEnd)
    }
  }

  /** Asks for something whose answer nobody waits for. */
  tell(request: (host: HostApi) => Promise<void>): void {
    if (!this.#death) void request(this.#host)
  }

  /** Once; what is asked after it is refused. */
  end(death: Death): void {
    if (this.#death) return
    this.#death = death
    this.#markEnded(death)
    for (const onEnd of this.#asking) onEnd(death)
  }
}
