import { Pool } from '@troupe/runtime'
import type { Crew } from './crew.ts'
import type { ActorService } from './troupe.service.ts'

export async function open(size: number): Promise<Crew> {
  const pool = new Pool()
  const module = new URL('./troupe.service.ts', import.meta.url)
  const names = Array.from({ length: size }, (_, n) => `actor-${n}`)
  const handles = await Promise.all(names.map((name) => pool.spawn<ActorService>({ name, module })))
  return { actors: handles.map(({ proxy }) => proxy), close: () => pool.close() }
}
