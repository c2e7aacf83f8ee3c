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
