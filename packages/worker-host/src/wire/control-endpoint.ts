/**
 * A channel as Comlink wants its endpoints.
 *
 * A MessagePort has `addEventListener` itself, but the first use of it makes Node load undici for its `MessageEvent`:
 * measured 25 ms of CPU in each thread, more than starting the thread. Listeners set by `on` get the bare message.
 */
import type { Transferable } from 'node:worker_threads'
import type { Endpoint } from 'comlink'
import type { Channel } from './channel.ts'

type Listener = (event: { readonly data: unknown }) => void

export function controlEndpoint(channel: Channel): Endpoint {
  const listeners = new Map<unknown, (message: unknown) => void>()
  // Comlink holds the endpoint until the proxy by it is collected, which what waits for an answer by it would keep alive.
  channel.once('close', () => {
    for (const onMessage of listeners.values()) channel.off('message', onMessage)
    listeners.clear()
  })
  return {
    postMessage: (message: unknown, transfer: readonly Transferable[]) => channel.postMessage(message, transfer),
    addEventListener: (_type, listener) => {
      const onMessage = (data: unknown): void => (listener as unknown as Listener)({ data })
      listeners.set(listener, onMessage)
      channel.on('message', onMessage)
    },
    removeEventListener: (_type, listener) => {
      const onMessage = listeners.get(listener)
      listeners.delete(listener)
      if (onMessage) channel.off('message', onMessage)
    },
  } as Endpoint
}
