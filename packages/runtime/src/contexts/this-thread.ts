/**
 * The thread that a pool itself runs in: for children that share their parent's thread. All that is true of a service
 * in another thread is true here, since its calls and its control plane go through ports all the same; but what can
 * only be stopped by the end of its thread ends its parent too.
 */
import { MessageChannel } from 'node:worker_threads'
import { BadOptionsError, type ContextId } from '@troupe/worker-host'
import { controlEndpoint, type HostApi, memoryCarrier } from '@troupe/worker-host/owner'
import * as Comlink from 'comlink'
import type { Home, HomeThread } from './home.ts'
import { HostLink } from './host-link.ts'
import type { Lease, Place } from './place.ts'

export class ThisThread implements Place {
  readonly kind = 'thread'
  readonly thread = undefined
  readonly id: ContextId
  readonly #thread: HomeThread

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS in the parent script, which no service may block or end */
  constructor({ id, thread }: Home) {
    if (thread === undefined) {
      throw new BadOptionsError(
        `"thread" can be "parent" in a service only: the parent script's thread takes no services`,
      )
    }
    this.id = id
    this.#thread = thread
  }

  async lease(kill: AbortController): Promise<Lease> {
    const { port1: near, port2: far } = new MessageChannel()
    const host = new HostLink(Comlink.wrap(controlEndpoint(near)) as unknown as HostApi)
    this.#thread.addHost(far)
    const crash = (): void => this.#thread.crash(kill.signal.reason)
    kill.signal.addEventListener('abort', crash, { once: true })
    void host.ended.then(() => {
      near.close()
      kill.signal.removeEventListener('abort', crash)
    })
    return {
      host,
      carrier: memoryCarrier,
      settled: () => {}, // it has taken no thread
      release: async () => host.end({}),
      abandon: (reason) => {
        host.tell((api) => api.close())
        setImmediate(() => host.end({ cause: reason }))
      },
    }
  }
}
