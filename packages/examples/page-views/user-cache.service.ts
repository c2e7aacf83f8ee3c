/** Users that were asked for lately, so that not every page asks the database; a timer forgets them again. */
import { AllowAny, expose, Service, timer } from '@troupe/worker-host'
import type { PageViews, User } from './page-views.service.ts'

const KEPT_MS = 30_000

interface Entry {
  readonly user: User | undefined
  readonly expiresAtMs: number
}

export class UserCache extends Service {
  readonly #entries = new Map<string, Entry>()
  readonly #database = this.context.proxy<PageViews>('page-views')
  #hits = 0

  @expose(AllowAny, { idempotent: true })
  async lookup(id: string): Promise<User | undefined> {
    const known = this.#entries.get(id)
    if (known) {
      this.#hits++
      return known.user
    }
    const user = await this.#database.user(id)
    this.#entries.set(id, { user, expiresAtMs: this.clock.now() + KEPT_MS })
    return user
  }

  @timer('10s')
  protected removeExpired(): void {
    for (const [id, { expiresAtMs }] of this.#entries) {
      if (expiresAtMs <= this.clock.now()) this.#entries.delete(id)
    }
  }

  @expose(AllowAny, { idempotent: true })
  stats(): { readonly users: number; readonly hits: number } {
    return { users: this.#entries.size, hits: this.#hits }
  }
}
