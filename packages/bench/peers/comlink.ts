/**
 * As comlink's Node example has it: the worker itself is the endpoint, through the adapter that comlink ships.
 * A MessagePort of its own without the adapter was no faster.
 */
import { Worker } from 'node:worker_threads'
import * as Comlink from 'comlink'
// @ts-expect-error its declarations lie beside it, but named for `.js`
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { Adder } from '../peers.ts'
import type { remote as Remote } from './comlink.worker.ts'

export async function open(): Promise<Adder> {
  const worker = new Worker(new URL('./comlink.worker.ts', import.meta.url))
  const remote = Comlink.wrap<typeof Remote>(nodeEndpoint(worker))

  return {
    add: (a, b) => remote.add(a, b),
    async close() {
      remote[Comlink.releaseProxy]()
      await worker.terminate()
    },
  }
}
