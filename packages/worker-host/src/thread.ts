/**
 * A thread's entry: the supply runs `warm` to get a thread ready, and `host` to occupy it with one context for as long
 * as that lives.
 */
import type { MessagePort } from 'node:worker_threads'
import type { HomeOrder } from './host/context-host.ts'
import { serveContext } from './host/serve-context.ts'
import { memoryCarrier } from './wire/carrier.ts'

export interface HostTask {
  readonly control: MessagePort
  readonly home: HomeOrder
}

/** Nothing to do: that the thread runs it means that this module is loaded. */
export function warm(): void {}

/** Never resolves: a context ends with its thread. */
export function host({ control, home }: HostTask): Promise<never> {
  serveContext({ control, home, carrier: memoryCarrier })
  return new Promise(() => {})
}
