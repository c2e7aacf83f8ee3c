/** A WebSocket server: whoever is connected hears of each page that is seen, as it is seen. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { AllowAny, expose, Service } from '@troupe/worker-host'
import { WebSocketServer } from 'ws'
import type { Views } from './page-views.service.ts'

export interface LiveOptions {
  readonly port: number
}

const GOING_AWAY = 1001
const GOODBYE_MS = 1_000

export class Live extends Service<LiveOptions> {
  #server!: WebSocketServer

  protected override async prepare(): Promise<void> {
    this.#server = new WebSocketServer({ host: '127.0.0.1', port: this.options.port })
    this.#server.on('connection', (client) => client.on('error', () => client.terminate())) // such as a broken frame
    this.defer(() => this.#close())
    await once(this.#server, 'listening')
  }

  /** A cast: nobody waits until all have heard. */
  @expose(AllowAny, { reply: false })
  publish(seen: Views): void {
    const text = JSON.stringify(seen)
    for (const client of this.#server.clients) client.send(text)
  }

  @expose(AllowAny)
  url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async #close(): Promise<void> {
    const clients = [...this.#server.clients]
    const left = clients.map((client) => new Promise((resolve) => client.once('close', resolve)))
    for (const client of clients) client.close(GOING_AWAY)
    await Promise.race([Promise.all(left), setTimeout(GOODBYE_MS, undefined, { ref: false })])
    for (const client of clients) client.terminate() // those that don't answer
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
