/** Where a service may live, seen from its runner: a place gives it a host, and takes that back. */
import type { ContextId } from '@troupe/worker-host'
import type { Carrier } from '@troupe/worker-host/owner'
import type { ContextLink } from './context-link.ts'
import type { HostLink } from './host-link.ts'

/** Waits for others whose turn comes first. */
export type Patience = <T>(wait: Promise<T>) => Promise<T>

/** Starts a thread, or a process, for the context. @throws {ContextDiedError} when it died before it was ready */
export type StartThread = (killed: AbortSignal, patiently: Patience) => Promise<ContextLink>

export interface Place {
  /** What it is made of. */
  readonly kind: 'thread' | 'process'
  /** The context's place in the tree; the identity of all that lives there. */
  readonly id: ContextId
  /** Through which the contexts below it are reached; undefined while there is none. */
  readonly thread: ContextLink | undefined
  /**
   * A host for one service.
   * @param kill ends it at any time, and whatever else lives in its thread
   * @param patiently how to wait for the threads of others to begin
   * @throws {ContextDiedError} when there was no thread for it
   */
  lease(kill: AbortController, patiently: Patience): Promise<Lease>
}

export interface Lease {
  readonly host: HostLink
  /** Opens the channels to that host. */
  readonly carrier: Carrier
  /** The service is RUNNING: what is to be done for the next one disturbs it no more. */
  settled(): void
  /** The service has stopped, and its host is closed. */
  release(): Promise<void>
  /** The service has failed and had its clean-up: its host is of no more use. */
  abandon(reason: unknown): void
}
