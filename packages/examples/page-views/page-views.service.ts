/** How often each page was seen, and who may see them, in an SQLite file. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { AllowAny, expose, Service } from '@troupe/worker-host'

export interface PageViewsOptions {
  /** `:memory:` for one that lasts as long as its service. */
  readonly file: string
}

export interface Views {
  readonly url: string
  readonly views: number
}

export interface User {
  readonly id: string
  readonly name: string
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS views (url TEXT PRIMARY KEY, views INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
  INSERT OR IGNORE INTO users VALUES ('ada', 'Ada Lovelace'), ('alan', 'Alan Turing'), ('grace', 'Grace Hopper')`
const INCREMENT = `
  INSERT INTO views VALUES (?, ?)
  ON CONFLICT (url) DO UPDATE SET views = views + excluded.views
  RETURNING views`

export class PageViews extends Service<PageViewsOptions> {
  #increment!: StatementSync
  #top!: StatementSync
  #user!: StatementSync

  protected override prepare(): void {
    const database = this.use(new DatabaseSync(this.options.file)) // closed after the service has stopped
    database.exec(SCHEMA)
    this.#increment = database.prepare(INCREMENT)
    this.#top = database.prepare('SELECT url, views FROM views ORDER BY views DESC, url LIMIT ?')
    this.#user = database.prepare('SELECT id, name FROM users WHERE id = ?')
  }

  /** @returns how often the page has been seen, this time included */
  @expose(AllowAny)
  increment(url: string, by = 1): number {
    return (this.#increment.get(url, by) as unknown as Views).views
  }

  /** The pages that were seen most often, those first that were seen more. */
  @expose(AllowAny, { idempotent: true })
  async *top(count: number): AsyncGenerator<Views> {
    for (const { url, views } of this.#top.iterate(count)) yield { url: String(url), views: Number(views) }
  }

  @expose(AllowAny, { idempotent: true })
  user(id: string): User | undefined {
    return this.#user.get(id) as User | undefined
  }
}
