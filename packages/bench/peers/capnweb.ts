/** A session over a MessagePort, as Cap'n Web's README has it for workers. */
import { MessageChannel, Worker } from 'node:worker_threads'
import { newMessagePortRpcSession, type RpcTarget } from 'capnweb'
import type { Caller } from '../peers.ts'

type Echo = RpcTarget & {
  add(a: number, b: number): number
  echo(value: unknown): unknown
}

export async function open(): Promise<Caller> {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(new URL('./capnweb.worker.mjs', import.meta.url), {
    workerData: port2,
    transferList: [port2],
  })
  const session = newMessagePortRpcSession<Echo>(port1 as unknown as MessagePort)
  return {
    // Its own promise class, and not wrapped into one of ours: that would charge it for our taste.
    add: (a, b) => session.add(a, b) as unknown as Promise<number>,
    echo: <T>(value: T) => session.echo(value) as unknown as Promise<T>,
    async close() {
      session[Symbol.dispose]()
      port1.close()
      await worker.terminate()
    },
  }
}
