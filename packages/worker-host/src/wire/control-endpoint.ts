/**
 * A Node port as Comlink wants its endpoints.
 *
 * A MessagePort has `addEventListener` itself, but the first use of it makes Node load undici for its `MessageEvent`:
 * measured 25 ms of CPU in each thread, more than starting the thread. Listeners set by `on` get the bare message.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Endpoint } from 'comlink'

type Listener = (event: { readonly data: unknown }) => void

export function controlEndpoint(port: MessagePort): Endpoint {
  const listeners = new Map<unknown, (message: unknown) => void>()
  return {
    postMessage: (message: unknown, transfer: Parameters<MessagePort['postMessage']>[1]) =>
      port.postMessage(message, transfer),
    addEventListener: (_type, listener) => {
      const onMessage = (data: unknown): void => (listener as unknown as Listener)({ data })
      listeners.set(listener, onMessage)
      port.on('message', onMessage)
    },
    removeEventListener: (_type, listener) => {
      const onMessage = listeners.get(listener)
      listeners.delete(listener)
      if (onMessage) port.off('message', onMessage)
    },
  } as Endpoint
}
