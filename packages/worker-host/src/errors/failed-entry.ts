/**
 * In the list that a batch method returns, an error for one of its callers alone:
 *
 *     @expose(AllowAny, { idempotent: true })
 *     getMany(calls: [key: string][]): (Row | FailedEntry)[] {
 *       return calls.map(([key]) => this.#rows.get(key) ?? failed(new NoSuchRowError(key)))
 *     }
 *
 * An Error put there as it is would lose its class, its `code` and its fields on the way; and to return one is not to
 * throw it.
 */
import { encodeThrown, type ThrownData } from './error-data.ts'

/** No value has this field by accident. */
const FIELD = '@troupe/failed'

export interface FailedEntry {
  readonly [FIELD]: ThrownData
}

/** @param thrown what the caller of this entry is to be rejected with */
export const failed = (thrown: unknown): FailedEntry => ({ [FIELD]: encodeThrown(thrown) })

/** @returns undefined for an entry that is a result */
export function thrownOf(entry: unknown): ThrownData | undefined {
  const isFailed = typeof entry === 'object' && entry !== null && Object.hasOwn(entry, FIELD)
  return isFailed ? (entry as FailedEntry)[FIELD] : undefined
}
