/** A small web site to fetch from: slow, failing, moved and silent pages, and a few that are just fine. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { AllowAny, expose, Service } from '@troupe/worker-host'

const SLOW_MS = 100

const PAGES: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
  '/': page('/slow', '/broken', '/moved', '/circle', '/cut', '/archive/2025', '/missing'),
  '/slow': async (response) => {
    await setTimeout(SLOW_MS)
    page('/')(response)
  },
  '/broken': (response) => response.writeHead(500).end('it broke'),
  '/moved': redirect('/archive/2025'),
  '/circle': redirect('/circle'),
  '/cut': (response) => response.destroy(),
  '/archive/2025': page('/archive/2024'),
  '/archive/2024': page('/archive/2023', '/'),
  '/archive/2023': () => {}, // never answers
}

export class Site extends Service {
  #server!: Server
  readonly #load = { now: 0, most: 0 }

  protected override async prepare(): Promise<void> {
    this.#server = this.use(createServer((request, response) => this.#answer(request, response)))
    this.defer(() => this.#server.closeAllConnections())
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  protected override stop(): void {
    console.log(`the site had at most ${this.#load.most} requests at once`)
  }

  @expose(AllowAny)
  url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  #answer({ url = '/' }: IncomingMessage, response: ServerResponse): void {
    this.#load.most = Math.max(this.#load.most, ++this.#load.now)
    response.once('close', () => this.#load.now--)
    const send = PAGES[url] ?? missing
    send(response)
  }
}

const missing = (response: ServerResponse) => response.writeHead(404).end('no such page')

function page(...links: readonly string[]): (response: ServerResponse) => void {
  const html = links.map((link) => `<a href="${link}">${link}</a>`).join('\n')
  return (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html)
}

function redirect(location: string): (response: ServerResponse) => void {
  return (response) => response.writeHead(302, { location }).end()
}
