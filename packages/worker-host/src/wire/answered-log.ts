/**
 * Which calls a thread has answered without their owner: written by the thread, and read by the owner when it likes to know.
 * A message for each would cost what was saved.
 *
 * The owner sends no more calls than there is room for here, and what it has not read counts among those.
 */

/** The word that counts what was written, wrapping; the word that is 1 while the owner wants to be told; then the ids. */
const WRITTEN = 0
const WANTED = 1
const IDS = 2

export class AnsweredLog {
  readonly words: Int32Array
  /** The number of places, a power of two, less one. */
  readonly #mask: number
  /** By the owner. */
  #read = 0

  /** @param words those of `open`, at the other end */
  constructor(words: Int32Array) {
    this.words = words
    this.#mask = words.length - IDS - 1
  }

  /** For as many calls at a time. */
  static open(calls: number): AnsweredLog {
    const places = 2 ** Math.ceil(Math.log2(calls))
    return new AnsweredLog(new Int32Array(new SharedArrayBuffer((IDS + places) * Int32Array.BYTES_PER_ELEMENT)))
  }

  /** By the thread. @returns whether the owner wants to be told of it */
  write(id: number): boolean {
    const written = Atomics.load(this.words, WRITTEN)
    this.words[IDS + (written & this.#mask)] = id
    Atomics.store(this.words, WRITTEN, written + 1)
    return Atomics.load(this.words, WANTED) === 1
  }

  /** Has the thread tell of what it writes next, until that is called off. What was written before may not be told. */
  want(isWanted: boolean): void {
    Atomics.store(this.words, WANTED, Number(isWanted))
  }

  /** What was written since the last time. */
  read(): readonly number[] {
    const ids: number[] = []
    const count = (Atomics.load(this.words, WRITTEN) - this.#read) | 0
    if (count > this.#mask + 1) return ids // not from one of ours
    for (let n = 0; n < count; n++) ids.push(this.words[IDS + (this.#read++ & this.#mask)]!)
    return ids
  }
}
