/** A request that was refused: what ran and what was constructed for it is nothing. */
import type { ContextId } from './context-id.ts'

/**
 * - `policy`: a policy of the method, asked by the owner or in the thread, does not admit the caller
 * - `forged`: the context that sent the call can't speak for the caller that it claimed
 * - `activation`: the caller may not bring that service to life, or nobody may
 */
export type RefusalReason = 'policy' | 'forged' | 'activation'

export interface Refusal {
  readonly reason: RefusalReason
  /** Who asked; of a forged call, in whose name. */
  readonly caller: ContextId
  /** The context that the request came from: the caller's, but for a forged call. */
  readonly from: ContextId
  /** The context whose pool has refused it. */
  readonly at: ContextId
  /** The service's name in that pool; of a forged call, the name or path as it was asked for. */
  readonly service: string
  /** Absent where no method was called. */
  readonly method?: string
}
