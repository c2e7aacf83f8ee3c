/**
 * About how many bytes an item takes while it waits for its reader: enough to tell a number from a megabyte. Buffers
 * and texts are counted, in plain objects and lists too; what else there is counts for nothing.
 */
export function byteSize(item: unknown): number {
  if (typeof item === 'string') return item.length
  if (typeof item !== 'object' || item === null) return 0
  try {
    return sizeOf(item, MAX_DEPTH)
  } catch {
    return 0 // a getter that throws: the clone meets the same error, and it is told from there
  }
}

/** Deep enough for a chunk in a message in an envelope; an end for what leads back to itself. */
const MAX_DEPTH = 4

function sizeOf(value: unknown, depth: number): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 0
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength
  if (depth === 0) return 0
  let bytes = 0
  if (Array.isArray(value)) for (const element of value) bytes += sizeOf(element, depth - 1)
  else for (const key of Object.keys(value)) bytes += sizeOf((value as Record<string, unknown>)[key], depth - 1)
  return bytes
}
