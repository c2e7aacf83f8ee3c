/**
 * Fetches a page, and all that it leads to, each in a task of its own:
 *
 *     run ─┬─ progress             a daemon: there as long as the service runs
 *          └─ / ─┬─ /slow
 *                └─ /archive/2025 ── /archive/2024 ── …
 *
 * A page's task ends when those that it spawned have ended. When the service is stopped they are let go in that order:
 * the leaves first, `run` last.
 */
import type { ServiceProxy } from '@troupe/runtime'
import { AllowAny, expose, Service } from '@troupe/worker-host'
import pLimit from 'p-limit'
import type { LinkFinder } from './link-finder.service.ts'
import { fetchPage, lineOf, type Page, pathOf } from './page.ts'

export interface FetcherOptions {
  readonly url: string
  /** Fetches at the same time. */
  readonly limit: number
  /** What a page may take. @unit milliseconds */
  readonly patienceMs: number
}

export class Fetcher extends Service<FetcherOptions> {
  readonly #limit = pLimit(this.options.limit)
  readonly #seen = new Set<string>()
  readonly #pages: Page[] = []
  readonly #done = Promise.withResolvers<void>()
  #finder!: ServiceProxy<LinkFinder>

  protected override prepare(): void {
    const module = new URL('./link-finder.service.ts', import.meta.url)
    this.#finder = this.children.add<LinkFinder>({ name: 'link-finder', module }, { daemon: true }).proxy
  }

  protected override async run(): Promise<void> {
    this.tasks.run(() => this.#progress(), { name: 'progress', daemon: true })
    await this.#spawn(this.options.url)
    this.#done.resolve()
  }

  protected override stop(): void {
    const count = (wanted: Page['outcome']) => this.#pages.filter(({ outcome }) => outcome === wanted).length
    const { total, pending } = this.tasks.stats
    console.log(`${count('fetched')} pages fetched, ${count('moved')} moved, ${count('failed')} failed`)
    console.log(`${total} tasks, ${pending} of them pending`)
  }

  /** Resolves when there is nothing left to fetch, or when the service is asked to stop. */
  @expose(AllowAny)
  async done(): Promise<void> {
    await this.wait(this.#done.promise)
  }

  /** Resolves when the page, and all that it leads to, has been seen to. */
  async #spawn(url: string): Promise<void> {
    if (this.#seen.has(url)) return
    this.#seen.add(url)
    await this.tasks.run((signal) => this.#visit(url, signal), { name: pathOf(url) }).ended
  }

  async #visit(url: string, signal: AbortSignal): Promise<void> {
    try {
      const { patienceMs } = this.options
      const page = await this.#limit(() => fetchPage(url, { signal, patienceMs }))
      if (this.stopping.aborted) return
      this.#pages.push(page)
      console.log(lineOf(page))
      const links = await this.#finder.find(page.html, page.url)
      await Promise.all(links.map((link) => this.#spawn(link)))
    } finally {
      if (this.stopping.aborted) console.log(`let go  ${pathOf(url)}`)
    }
  }

  async #progress(): Promise<void> {
    for await (const second of this.every('1s')) {
      console.log(`after ${second} s ${this.#pages.length} pages of ${this.#seen.size}`)
    }
  }
}
