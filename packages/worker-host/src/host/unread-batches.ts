/**
 * What has come while its reading was put off, so that others have their turn between slow calls. It is read in the order
 * in which it came, but for one thing: that nobody waits for a call any more is heard at once.
 */
import { type Batch, Request, requestWords } from '../wire/messages.ts'

export interface UnreadBatch {
  readonly batch: Batch
  /** When it came, which the time that its calls have is counted from. @unit milliseconds, as `performance.now()` */
  readonly takenAtMs: number
}

export class UnreadBatches {
  /** Undefined while nothing is put off. */
  #batches: UnreadBatch[] | undefined
  /** Calls in there that nobody waits for any more. A number means no other call before that record itself is read. */
  readonly #left = new Set<number>()

  get arePutOff(): boolean {
    return this.#batches !== undefined
  }

  /** @param rest what had come before, and is read first */
  putOff(rest: readonly UnreadBatch[]): void {
    this.#batches ??= []
    for (const unread of rest) this.#batches.push(unread)
  }

  /** @param onLeaver told of each call, or stream, that nobody waits for any more, with the words behind its number */
  add(batch: Batch, onLeaver: (id: number, operation: number, word: unknown) => void): void {
    this.#batches?.push({ batch, takenAtMs: performance.now() })
    for (let offset = 0; offset < batch.length; ) {
      const operation = batch[offset]
      if (operation === Request.Cancel || operation === Request.Return) {
        const id = batch[offset + 1] as number
        this.#left.add(id)
        onLeaver(id, operation, batch[offset + 2])
      }
      const words = wordsAt(batch, offset)
      if (!(words > 0)) return
      offset += words
    }
  }

  /** All of it, to be read now. */
  take(): UnreadBatch[] {
    const batches = this.#batches ?? []
    this.#batches = undefined
    return batches
  }

  /** Whether nobody waits for that call any more, which has come to be read. */
  takeLeft(id: number): boolean {
    return this.#left.size > 0 && this.#left.delete(id)
  }

  clear(): void {
    this.#batches = undefined
    this.#left.clear()
  }
}

/** 0 for what is no request: the reader drops it as well, with what is behind it. */
function wordsAt(batch: Batch, offset: number): number {
  try {
    return requestWords(batch, offset)
  } catch {
    return 0
  }
}
