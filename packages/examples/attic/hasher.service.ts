/** Reads files and hashes them. It keeps nothing between two files, so that it can have several threads. */
import { AllowAny, expose, Service } from '@troupe/worker-host'
import { type Digest, digest } from './digest.ts'
import type { FoundFile } from './walk.ts'

export interface HasherOptions {
  /** One word in shared memory, to which every thread adds what it reads: a large file moves the progress bar too. */
  readonly bytesRead: BigInt64Array<SharedArrayBuffer>
}

const CHUNK_BYTES = 1 << 20

export class Hasher extends Service<HasherOptions> {
  readonly #chunk = new Uint8Array(CHUNK_BYTES)

  @expose(AllowAny)
  hash(file: FoundFile): Promise<Digest> {
    const onRead = (bytes: number) => Atomics.add(this.options.bytesRead, 0, BigInt(bytes))
    return digest(file, { chunk: this.#chunk, onRead, signal: this.signal })
  }
}
