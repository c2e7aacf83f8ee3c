/** What a thread does: it gets ready for a first service while nobody waits for it, and is the host of one context. */
import { flushCompileCache } from 'node:module'
import type { MessagePort } from 'node:worker_threads'
import type { HomeOrder } from './host/context-host.ts'
import { rehearse } from './host/rehearsal.ts'
import { serveContext } from './host/serve-context.ts'
import { memoryCarrier } from './wire/carrier.ts'

export { Rehearsal } from './host/rehearsal.ts'

export interface HostTask {
  readonly control: MessagePort
  readonly home: HomeOrder
}

/** Does what the thread's first service would wait for. */
export async function getReady(): Promise<void> {
  process.setSourceMapsEnabled(true)
  await import('./index.ts') // which every service's module imports
  await rehearse(import.meta.url)
  flushCompileCache() // of a thread that is ended it would be lost
}

/** Never resolves: a context ends with its thread. */
export function host({ control, home }: HostTask): Promise<never> {
  serveContext({ control, home, carrier: memoryCarrier })
  return new Promise(() => {})
}
