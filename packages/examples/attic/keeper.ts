/** Hands what was hashed to the catalogue in batches: a transaction each, often enough that a hard end loses little. */
import type { CatalogueRow } from './catalogue.service.ts'

const BATCH_ROWS = 256
const BATCH_MS = 500

export class Keeper {
  readonly #keep: (rows: readonly CatalogueRow[]) => Promise<void>
  #rows: CatalogueRow[] = []
  #flushed: Promise<void> = Promise.resolve()
  #flushedAtMs = performance.now()

  constructor(keep: (rows: readonly CatalogueRow[]) => Promise<void>) {
    this.#keep = keep
  }

  /** Resolves at once, or with the batch that this row completes. */
  async add(row: CatalogueRow): Promise<void> {
    this.#rows.push(row)
    if (this.#rows.length >= BATCH_ROWS || performance.now() - this.#flushedAtMs >= BATCH_MS) await this.flush()
  }

  /** Resolves when every row added so far is kept. */
  flush(): Promise<void> {
    const rows = this.#rows
    this.#rows = []
    this.#flushedAtMs = performance.now()
    this.#flushed = this.#flushed.then(() => (rows.length > 0 ? this.#keep(rows) : undefined))
    return this.#flushed
  }
}
