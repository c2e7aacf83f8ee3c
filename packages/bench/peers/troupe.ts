/** A service as a user writes it, with the pool's defaults. */
import { Pool } from '@troupe/runtime'
import type { Adder } from '../peers.ts'
import type { Adder as AdderService } from './troupe.service.ts'

export async function open(): Promise<Adder> {
  const pool = new Pool()
  const { proxy } = await pool.spawn<AdderService>({
    name: 'adder',
    module: new URL('./troupe.service.ts', import.meta.url),
  })
  return {
    add: (a, b) => proxy.add(a, b),
    close: () => pool.close(),
  }
}
