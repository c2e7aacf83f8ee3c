/** A service that plays a script, and the ear that hears it. */
import type { Context, Pool, ServiceHandle, ServiceSpec } from '@troupe/runtime'
import { fixture } from '../fixtures/index.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Script, Staged } from '../fixtures/services/staged.ts'

type StageOptions = Omit<Script, 'notes' | 'gate'> &
  Partial<Pick<ServiceSpec, 'name' | 'exportName' | 'transitionMs' | 'graceMs' | 'supervision' | 'threads'>>

export class Stage implements Disposable {
  readonly handle: ServiceHandle<Staged>
  /** The states that it was in. */
  readonly states: string[] = []
  readonly #notes = new Notebook()
  readonly #gate = new Notebook()

  constructor(
    place: Pool | Context,
    { parts = {}, isOnce = false, isHeld = false, exportName = 'Staged', ...spec }: StageOptions = {},
  ) {
    const options = { notes: this.#notes.path, gate: this.#gate.path, parts, isOnce, isHeld }
    const module = fixture('staged.ts')
    this.handle = place.add<Staged>({ name: 'staged', module, exportName, options, ...spec })
    this.handle.on('state', ({ state }) => this.states.push(state))
  }

  /** What the service told, in its order. */
  get heard(): string[] {
    return this.#notes.lines
  }

  /** Resolves when the service has told that, now or earlier. */
  hears(text: string): Promise<void> {
    return this.#notes.until(text)
  }

  /** A hook that waits for the gate goes on. */
  openGate(): void {
    this.#gate.write('open')
  }

  [Symbol.dispose](): void {
    this.#notes[Symbol.dispose]()
    this.#gate[Symbol.dispose]()
  }
}
