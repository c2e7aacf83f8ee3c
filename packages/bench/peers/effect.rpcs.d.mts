/** The types of the JavaScript beside it, which both sides load. */
import type { Rpc } from 'effect/rpc/Rpc'
import type { RpcGroup } from 'effect/rpc/RpcGroup'
import type * as Schema from 'effect/Schema'

type TwoNumbers = Schema.Struct<{ a: Schema.Number; b: Schema.Number }>

export const Rpcs: RpcGroup<
  Rpc<'add', TwoNumbers, Schema.Number> | Rpc<'echo', Schema.Any, Schema.Any> | Rpc<'handOver', Schema.Any, Schema.Any>
>
