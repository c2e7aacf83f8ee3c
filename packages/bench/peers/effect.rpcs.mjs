import * as Rpc from 'effect/rpc/Rpc'
import * as RpcGroup from 'effect/rpc/RpcGroup'
import * as Schema from 'effect/Schema'
import * as Transferable from 'effect/workers/Transferable'

const HandedOver = Transferable.schema(Schema.Any, (buffer) => [buffer])

export const Rpcs = RpcGroup.make(
  Rpc.make('add', { payload: { a: Schema.Number, b: Schema.Number }, success: Schema.Number }),
  Rpc.make('echo', { payload: Schema.Any, success: Schema.Any }),
  Rpc.make('handOver', { payload: HandedOver, success: HandedOver }),
)
