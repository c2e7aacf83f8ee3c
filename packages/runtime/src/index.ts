/** What application authors import: the pool, and everything of worker-host that an owner needs. */
export * from '@troupe/worker-host'
export type { RemoteStream } from '@troupe/worker-host/owner'
export {
  type ActivationQuestion,
  type ActivationRequest,
  type ActivationSpec,
  Activator,
} from './activation/activator.ts'
export type { CallRequest } from './calls/call.ts'
export type { CallOptions } from './calls/call-options.ts'
export { DeduplicatingInvoker, type DeduplicatingInvokerOptions } from './calls/deduplicating-invoker.ts'
export { ConcurrentInvoker, Invoker, type InvokerOptions, SerializedInvoker } from './calls/invoker.ts'
export type {
  ContextNode,
  EdgeKind,
  GraphEdge,
  GraphNode,
  ServiceGraph,
  ServiceNode,
} from './graph/service-graph.ts'
export { toDot } from './graph/to-dot.ts'
export { toMermaid } from './graph/to-mermaid.ts'
export { BatchingInvoker, type BatchingOptions } from './layers/batching-invoker.ts'
export { CircuitBreakerInvoker, type CircuitBreakerOptions } from './layers/circuit-breaker-invoker.ts'
export { ConcurrencyLimitInvoker, type ConcurrencyLimitOptions } from './layers/concurrency-limit-invoker.ts'
export { PerMethodInvoker } from './layers/per-method-invoker.ts'
export { RateLimitInvoker, type RateLimitOptions } from './layers/rate-limit-invoker.ts'
export { RetryInvoker, type RetryOptions } from './layers/retry-invoker.ts'
export type { FinishReason } from './lifecycle/life.ts'
export type { Cause } from './lifecycle/reconciler.ts'
export type { Context } from './pool/context.ts'
export { Pool, type PoolStats } from './pool/pool.ts'
export type { GraphOptions } from './pool/pool-graph.ts'
export type { PoolEventMap } from './pool/refusals.ts'
export type { CallMessage } from './services/call-tracing.ts'
export type { ContextKind, ContextSpec } from './specs/context-spec.ts'
export type { PoolOptions } from './specs/pool-options.ts'

import './pool/service-context.ts'

export type { ServiceProxy } from './proxy/service-proxy.ts'
export type { ServiceEventMap, StateChange } from './services/service-events.ts'
export type { ServiceHandle, ServiceStats, StopOptions } from './services/service-handle.ts'
export type { InvokerByMethod, InvokerName, InvokerSpec, MakeLayer } from './specs/service-invoker.ts'
export type { ServiceSpec } from './specs/service-spec.ts'
export type { RestartType, Supervision } from './supervision/restart-limit.ts'
export type { ThreadLimits } from './threads/thread-limits.ts'
