/** A context's place in the tree, as a path: `root`, `root/views`, `root/images/resize`. */
export type ContextId = string

/** The context above it, an empty text for the root; of a service's path, the context of its pool. */
export const parentOf = (id: ContextId): ContextId => id.slice(0, Math.max(0, id.lastIndexOf('/')))

/** At any depth; none is below itself. */
export const isBelow = (id: ContextId, ancestor: ContextId): boolean => id.startsWith(`${ancestor}/`)

/** It, or below it. */
export const isWithin = (id: ContextId, branch: ContextId): boolean => id === branch || isBelow(id, branch)
