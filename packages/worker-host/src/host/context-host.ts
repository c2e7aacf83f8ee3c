/**
 * What a context runs: the hosts of its services, each on a control port of its own. The owner holds
 * `Comlink.wrap<ContextApi>` of it.
 */
import { type MessagePort, threadId } from 'node:worker_threads'
import * as Comlink from 'comlink'
import { controlEndpoint } from '../wire/control-endpoint.ts'
import { Host } from './host.ts'

/** The control plane of a context; that of each service in it is `HostApi`. */
export interface ContextApi {
  threadId(): Promise<number>
  /** Makes a host for one service; it answers on that port, and lets go of it when it is closed. */
  addHost(control: MessagePort): Promise<void>
}

export class ContextHost implements ContextApi {
  readonly #hosts = new Set<Host>()

  async threadId(): Promise<number> {
    return threadId
  }

  async addHost(control: MessagePort): Promise<void> {
    const host = new Host()
    this.#hosts.add(host)
    Comlink.expose(host, controlEndpoint(control))
    void host.closed.then(() => {
      this.#hosts.delete(host)
      // Not at once: the answer to the request that closed it is still to be posted.
      setImmediate(() => control.close())
    })
  }

  /** Posts what is ready, for a context that is about to die. */
  flush(): void {
    for (const host of this.#hosts) host.flush()
  }
}
