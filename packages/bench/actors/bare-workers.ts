/** By hand: the method's name and its argument out, the result back. */
import { Worker } from 'node:worker_threads'
import type { Actor, Crew } from './crew.ts'

export async function open(size: number): Promise<Crew> {
  const workers = Array.from({ length: size }, () => new Worker(new URL('./bare-workers.worker.mjs', import.meta.url)))
  return {
    actors: workers.map(actorIn),
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}

function actorIn(worker: Worker): Actor {
  const pending = new Map<number, (value: number) => void>()
  let lastId = 0
  worker.on('message', ({ id, value }: { id: number; value: number }) => {
    const resolve = pending.get(id)!
    pending.delete(id)
    resolve(value)
  })
  const call = (method: keyof Actor, argument?: number): Promise<number> =>
    new Promise((resolve) => {
      const id = ++lastId
      pending.set(id, resolve)
      worker.postMessage({ id, method, argument })
    })
  return {
    pass: (hops) => call('pass', hops),
    increment: () => call('increment'),
    total: () => call('total'),
    put: (item) => call('put', item),
    take: () => call('take'),
  }
}
