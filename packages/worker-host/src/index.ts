/** What service authors import. */
export type { StandardSchema } from './access/argument-spec.ts'
export { type ExposedMap, type ExposeOptions, type Exposing, expose } from './access/expose.ts'
export { AllowAny, AllowParents, type CallQuestion, type ContextId, Policy, type PolicyLike } from './access/policy.ts'
export * from './errors/catalogue.ts'
export { type ErrorClass, registerError } from './errors/registry.ts'
export type { CallScope } from './service/call-scope.ts'
export { type Placement, Service, type ServiceState } from './service/service.ts'
