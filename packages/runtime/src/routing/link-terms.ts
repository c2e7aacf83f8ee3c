/** What a caller and an owner say to each other about a link: a way for one caller's calls to one service, past all owners. */
import type { MessagePort } from 'node:worker_threads'
import type { ContextId } from '@troupe/worker-host'
import type { MethodDescription } from '@troupe/worker-host/owner'
import type { ScopeReader } from '../calls/call-extras.ts'

/** The name under which an owner is asked for links; no service can have it. */
export const LINKS = '\0links'

/** What a caller is given: first of all, and once. */
export interface LinkGrant {
  readonly port: MessagePort
  /** The context that the service lives in. */
  readonly context: ContextId
  readonly methods: readonly MethodDescription[]
  readonly reader: ScopeReader
  readonly window: number
  /** Shared by all three: see `LINK_COUNTS`. */
  readonly counts: Int32Array
}

/** What a caller is given whose calls are to go by their owner: a port by which their results come. */
export interface AnswerGrant {
  readonly answers: MessagePort
}

/**
 * What the stream of a link carries. After `leave` the caller sends nothing more by it, and leaves the stream when
 * everything is answered. The stream's end is the link's. An answer grant stands alone.
 */
export type LinkNotice = LinkGrant | AnswerGrant | 'leave'

/** The words of `counts`: the service's thread writes the first, the caller's the others. */
export const LINK_COUNTS = { begun: 0, pending: 1, succeeded: 2, failed: 3 } as const
