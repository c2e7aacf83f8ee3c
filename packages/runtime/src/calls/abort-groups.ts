/**
 * The calls that a signal would abort. One listener for each signal, however many calls it is given to: a thousand
 * listeners on one signal would take longer to remove than the calls take.
 */
interface Abortable {
  abort(reason: unknown): void
}

interface Group {
  readonly calls: Set<Abortable>
  readonly onAbort: () => void
}

const groups = new WeakMap<AbortSignal, Group>()

export function joinAbortGroup(signal: AbortSignal, call: Abortable): void {
  let group = groups.get(signal)
  if (group === undefined) {
    const calls = new Set<Abortable>()
    group = { calls, onAbort: () => abortAll(signal, calls) }
    groups.set(signal, group)
  }
  if (group.calls.size === 0) signal.addEventListener('abort', group.onAbort, { once: true })
  group.calls.add(call)
}

export function leaveAbortGroup(signal: AbortSignal, call: Abortable): void {
  const group = groups.get(signal)
  if (group?.calls.delete(call) && group.calls.size === 0) signal.removeEventListener('abort', group.onAbort)
}

function abortAll(signal: AbortSignal, calls: Set<Abortable>): void {
  const all = [...calls]
  calls.clear()
  for (const call of all) call.abort(signal.reason)
}
