/**
 * As comlink's Node example has it: the worker itself is the endpoint, through the adapter that comlink ships.
 * A MessagePort of its own without the adapter was no faster.
 */
import { Worker } from 'node:worker_threads'
import * as Comlink from 'comlink'
// @ts-expect-error its declarations lie beside it, but named for `.js`
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { Caller } from '../peers.ts'

type Remote = {
  add(a: number, b: number): number
  echo(value: unknown): unknown
  handOver(buffer: ArrayBuffer): ArrayBuffer
}

export async function open(): Promise<Caller> {
  const worker = new Worker(new URL('./comlink.worker.mjs', import.meta.url))
  const remote = Comlink.wrap<Remote>(nodeEndpoint(worker))

  return {
    add: (a, b) => remote.add(a, b),
    echo: <T>(value: T) => remote.echo(value) as Promise<T>,
    handOver: (buffer) => remote.handOver(Comlink.transfer(buffer, [buffer])),
    async close() {
      remote[Comlink.releaseProxy]()
      await worker.terminate()
    },
  }
}
