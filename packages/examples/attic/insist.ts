/**
 * Repeats what a dying thread interrupted. attic may do so with every call: none of its services keeps anything that a
 * second run of the same call would spoil.
 */

/** A service that dies this often over one call dies of that call; `--chaos` takes most of an hour to kill it as often. */
const ATTEMPTS = 1_000

export async function insist<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt()
    } catch (error) {
      const hasCrashed = (error as { code?: unknown } | null)?.code === 'ERR_TROUPE_SERVICE_CRASHED'
      if (!hasCrashed || attempts === ATTEMPTS) throw error
    }
  }
}
