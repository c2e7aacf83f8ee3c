/** What the runtime, on the owner's side, shares with the host: the wire, and the control plane's types. */
export { type ExposedMethod, isAdmitted, type MethodDescription } from './access/method-table.ts'
export { type Clock, systemClock } from './clock/clock.ts'
export { decodeThrown, encodeThrown, type ThrownData } from './errors/error-data.ts'
export { thrownOf } from './errors/failed-entry.ts'
export { throwAll } from './errors/throw-all.ts'
export type { ContextApi, ContextNotice, Home, HomeOrder, NestedPool } from './host/context-host.ts'
export { Dispatcher } from './host/dispatcher.ts'
export type {
  BodyEnd,
  Ending,
  Hook,
  HostApi,
  Outcome,
  ServiceDescription,
  ServiceOrder,
} from './host/host.ts'
export { BegunFile } from './ipc/begun-file.ts'
export { ProcessCarrier } from './ipc/process-carrier.ts'
export type { ProcessTask } from './process.ts'
export { type CallScope, CallScopes } from './service/call-scope.ts'
export type { HostTask } from './thread.ts'
export { type BegunCount, type Carrier, memoryCarrier } from './wire/carrier.ts'
export { type Channel, type ChannelEnd, transferOf, unheard } from './wire/channel.ts'
export { controlEndpoint } from './wire/control-endpoint.ts'
export { type Batch, REPLY_WORDS, Reply, Request, type RouteDeclaration, STREAM_WINDOW } from './wire/messages.ts'
export { type Outbox, requestOutbox } from './wire/outbox.ts'
export { findUncloneable, type Uncloneable } from './wire/uncloneable.ts'
