/** A copy of a value for one more who gets it. */
import { isPrimitive } from '../wire/snapshot.ts'
import { Survey } from './survey.ts'

/** Undefined where structured clone can't make one, or would lose what a codec, a stub or a stream is. */
export function plainCopy(value: unknown): { readonly value: unknown } | undefined {
  if (isPrimitive(value)) return { value }
  try {
    return new Survey([value]).found.length > 0 ? undefined : { value: structuredClone(value) }
  } catch {
    return undefined
  }
}
