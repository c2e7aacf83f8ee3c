/** How often a service was restarted after a crash, and whether it may be once more. */
import type { Clock } from '@troupe/worker-host'
import { admitRestart, type Supervision } from '../supervision/restart-limit.ts'

export class Restarts {
  readonly #supervision: Required<Supervision>
  readonly #clock: Pick<Clock, 'now'>
  #recent: readonly number[] = []
  #count = 0

  constructor(supervision: Required<Supervision>, clock: Pick<Clock, 'now'>) {
    this.#supervision = supervision
    this.#clock = clock
  }

  get count(): number {
    return this.#count
  }

  /** Whether a crash that comes now is followed by a restart; one that is counts for those that come after it. */
  admits(): boolean {
    if (this.#supervision.restart === 'temporary') return false
    const { verdict, recent } = admitRestart(this.#recent, this.#clock.now(), this.#supervision)
    this.#recent = recent
    return verdict === 'restart'
  }

  /** One has come to its good end. */
  note(): void {
    this.#count++
  }
}
