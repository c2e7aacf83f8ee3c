/** What service authors import. */
export type { StandardSchema } from './access/argument-spec.ts'
export {
  AllowAny,
  AllowChildren,
  AllowContexts,
  AllowParents,
  AllowSiblings,
  allOf,
  anyOf,
} from './access/built-in-policies.ts'
export type { ContextId } from './access/context-id.ts'
export { type ExposedMap, type ExposeOptions, type Exposing, expose } from './access/expose.ts'
export { type CallQuestion, Policy, type PolicyLike } from './access/policy.ts'
export type { Refusal, RefusalReason } from './access/refusal.ts'
export { type Clock, systemClock } from './clock/clock.ts'
export type { Duration } from './clock/duration.ts'
export * from './errors/catalogue.ts'
export { type FailedEntry, failed } from './errors/failed-entry.ts'
export { type ErrorClass, registerError } from './errors/registry.ts'
export type { RunMessage } from './host/run-tracing.ts'
export { type Emitter, type Listening, type ListenOptions, listen } from './receivers/listening.ts'
export type { Received, Select, Source } from './receivers/select.ts'
export { type CallScope, currentCall } from './service/call-scope.ts'
export { registerStore, registerTraceProvider } from './service/carried.ts'
export { type Placement, Service, type ServiceState } from './service/service.ts'
export type { ServiceChildren } from './service/service-children.ts'
export type { InjectOptions, ServiceContext } from './service/service-context.ts'
export { type RestState, type TransitionMap, type TransitionOptions, transition } from './service/transition.ts'
export type { SpawnedTask, TaskStats, Tasks } from './tasks/background.ts'
export { type BackgroundMap, type CronOptions, cron, type TimerOptions, task, timer } from './tasks/declarations.ts'
export type { RepeaterStats } from './tasks/repeater.ts'
export type { TaskEnd, TaskFunction, TaskOptions } from './tasks/task.ts'
export type { Waited, WaitedAtMost } from './tasks/waiting.ts'
export { lasting, type ProxyMarked, proxy, type TransferHandler, transferHandlers } from './values/comlink.ts'
export type { Given, Stub } from './values/reference.ts'
export { transfer } from './values/transfer.ts'
export type { TraceContext } from './wire/messages.ts'
