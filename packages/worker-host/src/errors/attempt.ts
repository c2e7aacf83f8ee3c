/** Reads from a value that may have been made to hurt whoever looks at it. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
