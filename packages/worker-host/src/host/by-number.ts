/**
 * What belongs to calls, by the calls' numbers. Those are small and used again, so they are places in an array; a peer that
 * makes up others has them kept all the same. A Map of them cost a call that is passed on a twentieth.
 */
export class ByNumber<T> {
  readonly #low: (T | undefined)[] = []
  readonly #others = new Map<unknown, T>()

  set(number: number, value: T): void {
    if (isLow(number)) this.#low[number] = value
    else this.#others.set(number, value)
  }

  get(number: number): T | undefined {
    return isLow(number) ? this.#low[number] : this.#others.get(number)
  }

  /** The same, which then is not there any more. */
  take(number: number): T | undefined {
    const value = this.get(number)
    if (!isLow(number)) this.#others.delete(number)
    else if (value !== undefined) this.#low[number] = undefined
    return value
  }

  values(): T[] {
    return [...this.#low.filter((value) => value !== undefined), ...this.#others.values()]
  }
}

/** Also of what is no number at all. */
const isLow = (number: number): boolean => (number & 0xffff) === number
