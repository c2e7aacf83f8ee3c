/** A service that plays a script, and the ear that hears it. */
import { BroadcastChannel } from 'node:worker_threads'
import type { Pool, ServiceHandle, ServiceSpec } from '@troupe/runtime'
import { fixture } from '../fixtures/index.ts'
import type { Script, Staged } from '../fixtures/services/staged.ts'

type StageOptions = Omit<Script, 'channel'> &
  Partial<Pick<ServiceSpec, 'name' | 'exportName' | 'transitionMs' | 'graceMs' | 'supervision' | 'threads'>>

export class Stage implements Disposable {
  readonly handle: ServiceHandle<Staged>
  /** What the service told, in its order. */
  readonly heard: string[] = []
  /** The states that it was in. */
  readonly states: string[] = []
  readonly #waiting = new Map<string, () => void>()
  readonly #ear: BroadcastChannel
  readonly #gate: BroadcastChannel

  constructor(pool: Pool, { parts = {}, isOnce = false, exportName = 'Staged', ...spec }: StageOptions = {}) {
    const channel = `stage-${crypto.randomUUID()}`
    this.#ear = new BroadcastChannel(channel)
    this.#gate = new BroadcastChannel(`${channel}-gate`)
    this.#ear.onmessage = ({ data }) => {
      this.heard.push(data)
      this.#waiting.get(data)?.()
    }
    const options = { channel, parts, isOnce }
    const module = fixture('staged.ts')
    this.handle = pool.add<Staged>({ name: 'staged', module, exportName, options, ...spec })
    this.handle.on('state', ({ state }) => this.states.push(state))
  }

  /** Resolves when the service has told that, now or earlier. */
  hears(text: string): Promise<void> {
    if (this.heard.includes(text)) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.set(text, resolve))
  }

  /** A hook that waits for the gate goes on. */
  openGate(): void {
    this.#gate.postMessage('open')
  }

  [Symbol.dispose](): void {
    this.#ear.close()
    this.#gate.close()
  }
}
