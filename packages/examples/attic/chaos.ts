/**
 * `--chaos`: kills the thread of a random service every second. And, so that a short run has its share, at the start of
 * each phase the service that the phase leans on, with its first calls in hand.
 */
import type { Crew } from './crew.ts'
import type { Phase } from './hunt.ts'

type Victim = 'walker' | 'hasher' | 'catalogue' | 'report'

const EVERY_MS = 1_000
const VICTIMS: readonly Victim[] = ['walker', 'hasher', 'catalogue', 'report']
const LEANS_ON = { walking: 'walker', recalling: 'catalogue', hashing: 'hasher', ranking: 'report' } as const

export class Chaos {
  kills = 0
  readonly #crew: Crew
  readonly #onKill: (victim: Victim) => void
  readonly #timer: NodeJS.Timeout

  constructor(crew: Crew, onKill: (victim: Victim) => void) {
    this.#crew = crew
    this.#onKill = onKill
    this.#timer = setInterval(() => this.#kill(VICTIMS[Math.floor(Math.random() * VICTIMS.length)]!), EVERY_MS)
  }

  /** Strikes once the phase has sent its first calls. */
  enter(phase: Phase): void {
    setImmediate(() => this.#kill(LEANS_ON[phase]))
  }

  #kill(victim: Victim): void {
    this.kills++
    this.#onKill(victim)
    this.#crew[victim].kill()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
