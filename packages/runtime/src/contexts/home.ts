/** Where a pool is: in the parent script, or in a context below it. */
import type { MessagePort } from 'node:worker_threads'
import type { ContextId, Refusal } from '@troupe/worker-host'
import type { Channel } from '@troupe/worker-host/owner'

export interface Home {
  readonly id: ContextId
  /** The way up; undefined at the root. */
  readonly parent: Channel | undefined
  /** The thread that it runs in, where that can have services. */
  readonly thread: HomeThread | undefined
  /** Tells the pool above what was refused; undefined at the root. */
  readonly tellRefused: ((refusal: Refusal) => void) | undefined
}

export interface HomeThread {
  /** Makes a host in this very thread, which answers on that port. */
  readonly addHost: (control: MessagePort) => void
  /** Ends this very thread: the only way to stop what will not listen. */
  readonly crash: (reason: unknown) => void
}
