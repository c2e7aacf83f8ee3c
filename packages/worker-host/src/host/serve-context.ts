/** Puts a context to work in the thread or process that this runs in, for as long as that lives. */
import * as Comlink from 'comlink'
import type { Carrier } from '../wire/carrier.ts'
import type { Channel } from '../wire/channel.ts'
import { controlEndpoint } from '../wire/control-endpoint.ts'
import { ContextHost, type HomeOrder } from './context-host.ts'

export interface ServedContext {
  readonly home: HomeOrder
  readonly carrier: Carrier
  readonly control: Channel
}

export function serveContext({ home, carrier, control }: ServedContext): void {
  process.setSourceMapsEnabled(true)
  const context = new ContextHost(home, carrier, (notice, transfer) => control.postMessage(notice, transfer))
  // A thread dies of an uncaught exception, and of an unhandled rejection, as a process does; but the owner is told first.
  process.on('uncaughtException', (error) => context.crash(error))
  // Whatever ends it by `process.exit`, the replies that are ready still count.
  process.on('exit', () => context.flush())
  Comlink.expose(context, controlEndpoint(control))
}
