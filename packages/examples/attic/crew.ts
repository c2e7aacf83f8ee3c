/** The four services of attic, each in a thread of its own; the hasher in several. */
import type { Pool, ServiceHandle } from '@troupe/runtime'
import type { Catalogue } from './catalogue.service.ts'
import type { Hasher } from './hasher.service.ts'
import type { Report } from './report.service.ts'
import type { Walker } from './walker.service.ts'

export interface Crew {
  readonly walker: ServiceHandle<Walker>
  readonly hasher: ServiceHandle<Hasher>
  readonly catalogue: ServiceHandle<Catalogue>
  readonly report: ServiceHandle<Report>
  /** How many threads hash. */
  readonly threads: number
  /** Word 0 counts the bytes that the hashers have read, also those of files not yet done. */
  readonly bytesRead: BigInt64Array<SharedArrayBuffer>
}

export interface CrewOptions {
  readonly catalogueFile: string
  readonly threads: number
}

// A dead service is simply started again. It may die often: under `--chaos` that is the point.
const supervision = { restart: 'permanent', maxRestarts: 1_000, withinMs: 5_000 } as const

export async function hire(pool: Pool, { catalogueFile, threads }: CrewOptions): Promise<Crew> {
  const bytesRead = new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT))
  const [walker, hasher, catalogue, report] = await Promise.all([
    pool.spawn<Walker>({ name: 'walker', module: serviceModule('walker'), supervision }),
    pool.spawn<Hasher>({
      name: 'hasher',
      module: serviceModule('hasher'),
      options: { bytesRead },
      threads,
      // One file at a time in each thread: a disk reads it in one go, and whoever stops attic loses no more than that one.
      invoker: 'serialized',
      supervision,
    }),
    pool.spawn<Catalogue>({
      name: 'catalogue',
      module: serviceModule('catalogue'),
      options: { file: catalogueFile },
      invoker: 'serialized',
      supervision,
    }),
    pool.spawn<Report>({ name: 'report', module: serviceModule('report'), supervision }),
  ])
  return { walker, hasher, catalogue, report, threads, bytesRead }
}

const serviceModule = (name: string): URL => new URL(`./${name}.service.ts`, import.meta.url)
