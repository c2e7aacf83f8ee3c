/**
 * A bounded queue, first in first out. It lives on the owner's side, so what waits in it survives a crash of the
 * service; what was sent but had not begun is put back at its head.
 */
export class Mailbox<T> {
  readonly capacity: number
  /** A ring: `#size` entries from `#head` on. Its length is a power of two. */
  #ring: (T | undefined)[] = new Array(16)
  #head = 0
  #size = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get size(): number {
    return this.#size
  }

  /** False, and nothing done, at capacity. */
  push(entry: T): boolean {
    if (this.#size >= this.capacity) return false
    this.#reserve()
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = entry
    this.#size++
    return true
  }

  /** Puts entries back at the head, in their order. They were admitted once, so capacity does not refuse them again. */
  putBack(entries: readonly T[]): void {
    for (let index = entries.length - 1; index >= 0; index--) {
      this.#reserve()
      this.#head = (this.#head - 1) & (this.#ring.length - 1)
      this.#ring[this.#head] = entries[index]
      this.#size++
    }
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const entry = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    this.#size--
    return entry
  }

  /** Takes all that waits. */
  clear(): T[] {
    const entries: T[] = []
    for (let entry = this.shift(); entry !== undefined; entry = this.shift()) entries.push(entry)
    return entries
  }

  forEach(visit: (entry: T) => void): void {
    for (let index = 0; index < this.#size; index++) visit(this.#ring[(this.#head + index) & (this.#ring.length - 1)]!)
  }

  #reserve(): void {
    if (this.#size < this.#ring.length) return
    const ring = new Array<T | undefined>(this.#ring.length * 2)
    for (let index = 0; index < this.#size; index++)
      ring[index] = this.#ring[(this.#head + index) & (this.#ring.length - 1)]
    this.#ring = ring
    this.#head = 0
  }
}
