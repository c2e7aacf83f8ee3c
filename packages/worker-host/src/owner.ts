/** What the runtime, on the owner's side, shares with the host: the wire, and the control plane's types. */

export { refusedBy, refusedByThrowing } from './access/consent.ts'
export { isBelow, isWithin, parentOf } from './access/context-id.ts'
export { type ExposedMethod, isAdmitted, type MethodDescription } from './access/method-table.ts'
export { describePolicy, type PolicyDescription, policyFrom } from './access/policy-description.ts'
export { type Clock, systemClock } from './clock/clock.ts'
export { decodeThrown, encodeThrown, reasonOf, type ThrownData } from './errors/error-data.ts'
export { thrownOf } from './errors/failed-entry.ts'
export { type MakeError, rejectWith } from './errors/reject-with.ts'
export { requireNumber } from './errors/require-number.ts'
export { requireOptions, shown } from './errors/require-options.ts'
export { throwAll } from './errors/throw-all.ts'
export type { ContextApi, ContextNotice, Home, HomeOrder, NestedPool } from './host/context-host.ts'
export { Dispatcher } from './host/dispatcher.ts'
export type {
  BodyEnd,
  Ending,
  HostApi,
  MoveEnd,
  Outcome,
  ServiceDescription,
  ServiceOrder,
} from './host/host.ts'
export { PASSED_ON, type PassedCall, type PassOn } from './host/passed-call.ts'
export { BegunFile } from './ipc/begun-file.ts'
export { ProcessCarrier } from './ipc/process-carrier.ts'
export type { ProcessTask } from './process.ts'
export { AbortSource, type Follower } from './service/abort-source.ts'
export { CallScope, CallScopes } from './service/call-scope.ts'
export { type Carried, carriedNow } from './service/carried.ts'
export { TRANSITIONS } from './service/life-cycle.ts'
export type { ChildrenControl, ParentService } from './service/service-children.ts'
export { leadsDown, type Move } from './service/transition.ts'
export { RemoteStream } from './streams/remote-stream.ts'
export type { ItemBatch } from './streams/stream-producer.ts'
export type { HostTask } from './thread.ts'
export { ValueExchange } from './values/exchange.ts'
export { heldValues, plainCopy } from './values/plain-copy.ts'
export { refusal } from './values/refusal.ts'
export { AnsweredLog } from './wire/answered-log.ts'
export { type BegunCount, type Carrier, memoryCarrier } from './wire/carrier.ts'
export { type Channel, type ChannelEnd, transferOf, unheard } from './wire/channel.ts'
export { controlEndpoint } from './wire/control-endpoint.ts'
export type { Lowered } from './wire/marks.ts'
export {
  ANSWER_WORDS,
  type AnswerOrder,
  type AnswerPlace,
  type Batch,
  Exchange,
  FLUSH_WORDS,
  type LinkOrder,
  MARKED,
  REPLY_WORDS,
  Reply,
  Request,
  type RouteDeclaration,
  type SentExtras,
} from './wire/messages.ts'
export { type Outbox, requestOutbox } from './wire/outbox.ts'
export { asTurn, atTurnEnd, type TurnEnding } from './wire/turn.ts'
export { findUncloneable } from './wire/uncloneable.ts'
