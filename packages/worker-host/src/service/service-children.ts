/**
 * The services that a service has brought up, as `this.children`. What can be done with them is done, and declared, by
 * `@troupe/runtime`, in its `pool/children.ts`; the host tells them of each move of their parent.
 */
import type { ServiceState } from './service.ts'

// biome-ignore lint/suspicious/noEmptyInterface: the runtime declares its members
export interface ServiceChildren {}

/** The parent, as its children's keeper has it. */
export interface ParentService {
  readonly name: string
  /** Where its name is: `root/views`. */
  readonly path: string
  readonly state: ServiceState
  /** Runs a task of the parent: it has not ended before this has, and what this throws fails it. */
  readonly watch: (name: string, end: () => Promise<void>) => void
}

/** What the host tells the keeper. */
export interface ChildrenControl {
  /** The parent's `prepare` hook has returned. */
  prepared(): Promise<void>
  /** The parent's `start` hook has returned. */
  started(): Promise<void>
  /** The parent leaves RUNNING. @returns what was thrown */
  left(isStopping: boolean): Promise<readonly unknown[]>
  /** The parent stops, or has failed. @returns what was thrown */
  stopped(): Promise<readonly unknown[]>
  heedStop(isStopping: boolean): void
}
