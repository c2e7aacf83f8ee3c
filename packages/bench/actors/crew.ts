/** Actors in threads of their own, and who brings them their messages. */
import type { Closable, Contestant } from '../question.ts'

export type Actor = {
  /** @returns one hop less */
  pass(hops: number): Promise<number>
  increment(): Promise<unknown>
  total(): Promise<number>
  put(item: number): Promise<unknown>
  take(): Promise<number>
}

export type Crew = Closable & { readonly actors: readonly Actor[] }

export const CREW_SIZE = 5

export const BARE_WORKERS = 'bare Workers'

export const CREWS: readonly Contestant<Crew>[] = [
  { name: BARE_WORKERS, from: null, open: async () => (await import('./bare-workers.ts')).open(CREW_SIZE) },
  { name: 'comlink', from: 'comlink', open: async () => (await import('./comlink.ts')).open(CREW_SIZE) },
  { name: 'Troupe', from: '@troupe/runtime', open: async () => (await import('./troupe.ts')).open(CREW_SIZE) },
]
