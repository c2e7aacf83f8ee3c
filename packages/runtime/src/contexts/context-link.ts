/**
 * A context, as its owner has it: the hosts of the services in it, and the one place that knows how it ended. What it
 * runs in, a thread or a process, is its vessel.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Refusal } from '@troupe/worker-host'
import {
  type Carrier,
  type Channel,
  type ChannelEnd,
  type ContextApi,
  type ContextNotice,
  controlEndpoint,
  decodeThrown,
  unheard,
} from '@troupe/worker-host/owner'
import * as Comlink from 'comlink'
import { type Death, HostLink } from './host-link.ts'

/** What a context runs in. */
export interface Vessel {
  readonly api: ContextApi
  /** The channel of `api`, on which the context tells of itself too. */
  readonly control: Channel
  readonly carrier: Carrier
  /** Resolves when it has ended and all that it had posted has come; for one that is killed, and may linger, at once. */
  readonly gone: Promise<Death>
  /** A service in it is RUNNING: what is to be done for the next one disturbs it no more. */
  settled(): void
  /** Ends it, whose services have stopped. */
  end(): Promise<void>
}

/** As long as the grace of a service is by default. */
const SILENCE_MS = 10_000

/** What a context tells its owner of itself. */
export interface ContextListeners {
  /** It has calls for others: they come by that channel. */
  readonly onUplink: (channel: Channel, context: ContextLink) => void
  /** Something was refused in it, or below it. */
  readonly onRefused: (refusal: Refusal) => void
}

/** Comlink's `Remote` splits unions of results; all that is called is asynchronous, so the interface holds as it is. */
export const contextApi = (control: Channel): ContextApi =>
  Comlink.wrap(controlEndpoint(control)) as unknown as ContextApi

export class ContextLink {
  /** Resolves when the context is gone. */
  readonly died: Promise<Death>
  /** It has a pool: contexts may live below it. */
  hasPool = false
  readonly #vessel: Vessel
  readonly #links = new Set<HostLink>()
  #hosts = 0
  readonly #listeners: ContextListeners
  #notice: Extract<ContextNotice, { readonly crashed: unknown }> | undefined
  #death: Death | undefined

  constructor(vessel: Vessel, listeners: ContextListeners) {
    this.#vessel = vessel
    this.#listeners = listeners
    vessel.control.on('message', this.#watch)
    this.died = vessel.gone.then((death) => this.#bury(death))
  }

  get carrier(): Carrier {
    return this.#vessel.carrier
  }

  /** A service in it is RUNNING. */
  settled(): void {
    this.#vessel.settled()
  }

  /** The control plane to a new host, for one service. */
  addHost(): HostLink {
    const { api } = this.#vessel
    const number = this.#hosts++
    const link = new HostLink(api.hosts[number]!)
    if (this.#death) link.end(this.#death)
    else {
      this.#links.add(link)
      void link.ended.then(() => {
        this.#links.delete(link)
        if (this.#death === undefined) void api.removeHost(number)
      })
    }
    return link
  }

  /** The way down: a channel whose other end the context's pool listens to. */
  openPool(): Channel {
    const { near, far } = this.carrier.open()
    this.hasPool = true
    if (this.#death) near.close()
    else void this.#vessel.api.openPool(handedOver(far))
    return near
  }

  /** Ends the context, whose services have stopped; first what lives below it. @param kill for one that is blocked */
  async retire(kill: (reason: Error) => void): Promise<void> {
    const { api, control } = this.#vessel
    const over = new AbortController()
    if (this.hasPool) {
      void this.#silence(over.signal).then(kill)
      await Promise.race([api.closePool(), this.died])
    }
    over.abort()
    control.close()
    await this.#vessel.end()
  }

  /** Resolves when it has not answered for so long, and else never: a thread that is blocked closes nothing. */
  async #silence(over: AbortSignal): Promise<Error> {
    const silence = new Error(`it has not answered for ${SILENCE_MS} ms`)
    const pause = (ms: number) => sleep(ms, silence, { signal: over }).catch(() => new Promise<never>(() => {}))
    while ((await Promise.race([this.#vessel.api.threadId(), pause(SILENCE_MS)])) !== silence) {
      await pause(SILENCE_MS / 10)
    }
    return silence
  }

  readonly #watch = (message: unknown): void => {
    if (!isNotice(message)) return
    if ('crashed' in message) this.#notice = message
    else if ('refused' in message) this.#listeners.onRefused(message.refused)
    else {
      this.hasPool = true
      this.#listeners.onUplink(this.carrier.accept(message.uplink), this)
    }
  }

  #bury(death: Death): Death {
    const { control } = this.#vessel
    for (const message of unheard(control)) this.#watch(message)
    // Comlink holds the channel until the proxy by it is collected, which this would keep alive.
    control.off('message', this.#watch)
    control.close()
    const isKilled = death.exitCode === undefined && death.signal === undefined
    this.#death = this.#notice && !isKilled ? { ...death, cause: decodeThrown(this.#notice.crashed) } : death
    for (const link of this.#links) link.end(this.#death)
    return this.#death
  }
}

/** A number is a number; a port has to be transferred. */
const handedOver = (end: ChannelEnd): ChannelEnd => (typeof end === 'number' ? end : Comlink.transfer(end, [end]))

const NOTICES = ['crashed', 'uplink', 'refused']

/** Comlink's answers have none of them. */
function isNotice(message: unknown): message is ContextNotice {
  return typeof message === 'object' && message !== null && NOTICES.some((notice) => notice in message)
}
