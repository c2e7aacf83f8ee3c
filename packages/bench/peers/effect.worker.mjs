import * as NodeWorkerRunner from '@effect/platform-node/NodeWorkerRunner'
import * as Effect from 'effect/Effect'
import * as Layer from 'effect/Layer'
import * as RpcServer from 'effect/rpc/RpcServer'
import { Rpcs } from './effect.rpcs.mjs'

const handlers = Rpcs.toLayer({
  add: ({ a, b }) => Effect.succeed(a + b),
  echo: (value) => Effect.succeed(value),
  handOver: (buffer) => Effect.succeed(buffer),
})

RpcServer.layer(Rpcs, { disableTracing: true }).pipe(
  Layer.provide(handlers),
  Layer.provide(RpcServer.layerProtocolWorkerRunner),
  Layer.provide(NodeWorkerRunner.layer),
  Layer.launch,
  Effect.runFork,
)
