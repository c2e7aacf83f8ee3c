/**
 * Effect's RPC between a Node program and its worker. By default a worker is given one call at a time; as many as any
 * scenario has made it about ten times faster in flight (64: a quarter slower than that). Spans are off on both sides:
 * they halved the rate. Compiled schemas (`SchemaJITCompiler`) made no difference and stay off, as they are by default.
 *
 * A call is an effect, and each is run as a promise, as a program does that is not written in effects throughout.
 * Whole waves and loops as one effect gave the same rates.
 */
import { Worker } from 'node:worker_threads'
import * as NodeWorker from '@effect/platform-node/NodeWorker'
import * as Effect from 'effect/Effect'
import * as Layer from 'effect/Layer'
import * as ManagedRuntime from 'effect/ManagedRuntime'
import * as RpcClient from 'effect/rpc/RpcClient'
import * as Scope from 'effect/Scope'
import type { Caller } from '../peers.ts'
import { Rpcs } from './effect.rpcs.mjs'

export async function open(): Promise<Caller> {
  const runtime = ManagedRuntime.make(
    RpcClient.layerProtocolWorker({ size: 1, concurrency: 10_000 }).pipe(
      Layer.provide(NodeWorker.layer(() => new Worker(new URL('./effect.worker.mjs', import.meta.url)))),
    ),
  )
  const client = await runtime.runPromise(
    RpcClient.make(Rpcs, { disableTracing: true }).pipe(Scope.provide(runtime.scope)),
  )
  return {
    add: (a, b) => Effect.runPromise(client.add({ a, b })),
    echo: (value) => Effect.runPromise(client.echo(value)),
    handOver: (buffer) => Effect.runPromise(client.handOver(buffer)),
    close: () => runtime.dispose(),
  }
}
