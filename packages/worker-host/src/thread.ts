/**
 * A thread's entry: the supply runs `warm` to get a thread ready, and `host` to occupy it with one context for as long
 * as that lives.
 */
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

let readied: Promise<void> | undefined

/** Does what a thread's first service would wait for, once. */
export function warm(): Promise<void> {
  readied ??= getReady()
  return readied
}

async function getReady(): Promise<void> {
  process.setSourceMapsEnabled(true)
  await import('./index.ts') // which every service's module imports
  await rehearse(import.meta.url)
}

/** Never resolves: a context ends with its thread. */
export function host({ control, home }: HostTask): Promise<never> {
  serveContext({ control, home, carrier: memoryCarrier })
  return new Promise(() => {})
}
