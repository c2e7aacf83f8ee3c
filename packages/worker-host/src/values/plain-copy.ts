/** Copies of values: for one more who gets them, and for a call that waits. */
import { isPrimitive, LIVE, snapshotOf } from '../wire/snapshot.ts'
import { arePlain, Survey } from './survey.ts'

/** Undefined where structured clone can't make one, or would lose what a codec, a stub or a stream is. */
export function plainCopy(value: unknown): { readonly value: unknown } | undefined {
  if (isPrimitive(value)) return { value }
  try {
    return new Survey([value]).found.length > 0 ? undefined : { value: structuredClone(value) }
  } catch {
    return undefined
  }
}

/**
 * The arguments of a call that waits, as they are now: what its caller changes meanwhile is not for it. Plain data is copied;
 * what else there can be, such as large buffers and what is marked, stays as it is, and is taken when the call is sent.
 */
export function heldValues(values: readonly unknown[]): readonly unknown[] {
  if (values.every(isPrimitive)) return values
  const twins = snapshotOf(values)
  if (twins !== LIVE) return twins as readonly unknown[]
  try {
    return arePlain(values) ? structuredClone(values) : values
  } catch {
    return values
  }
}
