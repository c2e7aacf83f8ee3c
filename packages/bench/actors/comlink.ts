import { Worker } from 'node:worker_threads'
import * as Comlink from 'comlink'
// @ts-expect-error its declarations lie beside it, but named for `.js`
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { Actor, Crew } from './crew.ts'

export async function open(size: number): Promise<Crew> {
  const workers = Array.from({ length: size }, () => new Worker(new URL('./comlink.worker.mjs', import.meta.url)))
  const actors = workers.map((worker) => Comlink.wrap<Actor>(nodeEndpoint(worker)))
  return {
    actors,
    async close() {
      for (const actor of actors) actor[Comlink.releaseProxy]()
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}
