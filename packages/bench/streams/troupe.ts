/** An async generator, exposed. */
import { Pool } from '@troupe/runtime'
import type { Streamer } from './streamer.ts'
import type { Source } from './troupe.service.ts'

export async function open(): Promise<Streamer> {
  const pool = new Pool()
  const module = new URL('./troupe.service.ts', import.meta.url)
  const { proxy } = await pool.spawn<Source>({ name: 'source', module })
  return {
    numbers: () => proxy.numbers(),
    chunks: () => proxy.chunks(),
    close: () => pool.close(),
  }
}
