/**
 * The calls that a signal would abort. One listener for each signal, however many calls it is given to: a thousand
 * listeners on one signal would take longer to remove than the calls take. The calls of a group are a chain through the
 * calls themselves, in the order they were made: a set of them cost a tenth of a call.
 */
export interface Abortable {
  abort(reason: unknown): void
  /** Its neighbours in its group; the group's own business. */
  abortsAfter: Abortable | undefined
  abortsBefore: Abortable | undefined
}

/** Those of one signal. */
export class AbortGroup {
  readonly #signal: AbortSignal
  #first: Abortable | undefined
  #last: Abortable | undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  add(call: Abortable): void {
    if (this.#last === undefined) {
      this.#first = call
      this.#signal.addEventListener('abort', this.#onAbort, { once: true })
    } else {
      this.#last.abortsBefore = call
      call.abortsAfter = this.#last
    }
    this.#last = call
  }

  /** Once for each that was added. */
  delete(call: Abortable): void {
    const { abortsAfter: former, abortsBefore: latter } = call
    if (former === undefined) this.#first = latter
    else former.abortsBefore = latter
    if (latter === undefined) this.#last = former
    else latter.abortsAfter = former
    call.abortsAfter = call.abortsBefore = undefined
    if (this.#first === undefined) this.#signal.removeEventListener('abort', this.#onAbort)
  }

  /** An aborted call leaves. */
  readonly #onAbort = (): void => {
    for (let call = this.#first; call !== undefined; call = this.#first) call.abort(this.#signal.reason)
  }
}

const groups = new WeakMap<AbortSignal, AbortGroup>()

export function abortGroupOf(signal: AbortSignal): AbortGroup {
  const known = groups.get(signal)
  if (known !== undefined) return known
  const group = new AbortGroup(signal)
  groups.set(signal, group)
  return group
}
