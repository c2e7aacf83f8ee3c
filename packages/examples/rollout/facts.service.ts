/** What there is to know of a context's machine. It is asked for often, and found out once: see its invoker in `main.ts`. */
import { availableParallelism, platform } from 'node:os'
import { AllowAny, expose, Service } from '@troupe/worker-host'

export interface Facts {
  readonly platform: string
  readonly cores: number
  /** How often the facts had to be gathered. */
  readonly gathered: number
}

export class FactsService extends Service {
  #gathered = 0

  @expose(AllowAny, { idempotent: true })
  gather(): Facts {
    this.#gathered++
    return { platform: platform(), cores: availableParallelism(), gathered: this.#gathered }
  }
}
