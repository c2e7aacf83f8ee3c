/** Throws the one error, or several as an AggregateError in the order they happened; nothing when there is none. */
export function throwAll(errors: readonly unknown[], message: string): void {
  if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors, message)
}

/** Runs it to its end. @returns what it has thrown, or nothing: to be told with the errors of other steps */
export async function errorsOf(act: () => unknown): Promise<readonly unknown[]> {
  try {
    await act()
    return []
  } catch (error) {
    return [error]
  }
}
