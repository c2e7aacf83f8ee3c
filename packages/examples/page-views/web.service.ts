/**
 * The web server. It holds nothing that counts: killed in the middle of a request, it comes back and goes on, and no view
 * is lost that was answered.
 *
 *     GET /pages/NAME?user=ID   a page, whose view is counted
 *     GET /top                  the pages that were seen most often
 *
 * While the service is PAUSED its socket stays open, and every request is answered with 503.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AllowAny, expose, Service } from '@troupe/worker-host'
import type { Live } from './live.service.ts'
import type { PageViews } from './page-views.service.ts'
import type { UserCache } from './user-cache.service.ts'

export interface WebOptions {
  readonly port: number
}

interface Answer {
  readonly status: number
  readonly text: string
}

export class Web extends Service<WebOptions> {
  readonly #pageViews = this.context.proxy<PageViews>('page-views')
  readonly #users = this.context.proxy<UserCache>('user-cache')
  readonly #live = this.context.proxy<Live>('live')
  #server!: Server

  protected override async prepare(): Promise<void> {
    this.#server = this.use(
      createServer(async (request, response) => {
        const { status, text } = await this.#answer(request).catch(failure)
        response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
      }),
    )
    this.#server.listen(this.options.port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  @expose(AllowAny)
  url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async #answer({ url = '/' }: IncomingMessage): Promise<Answer> {
    if (this.state !== 'RUNNING') return { status: 503, text: 'paused, come back soon' }
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    if (pathname.startsWith('/pages/')) return this.#page(pathname, searchParams.get('user') ?? '')
    if (pathname === '/top') return this.#top()
    return { status: 404, text: 'try /pages/welcome?user=ada, or /top' }
  }

  async #page(url: string, userId: string): Promise<Answer> {
    const [user, views] = await Promise.all([this.#users.lookup(userId), this.#pageViews.increment(url)])
    await this.#live.publish({ url, views })
    return { status: 200, text: `hello ${user?.name ?? 'stranger'}, ${url} has been seen ${times(views)}` }
  }

  async #top(): Promise<Answer> {
    const lines: string[] = []
    for await (const { url, views } of this.#pageViews.top(10)) lines.push(`${views} ${url}`)
    return { status: 200, text: lines.join('\n') }
  }
}

const failure = (error: Error): Answer => ({ status: 500, text: error.message })
const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)
