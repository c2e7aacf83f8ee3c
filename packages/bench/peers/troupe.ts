/** A service as a user writes it, with the pool's defaults. */
import { Pool, transfer } from '@troupe/runtime'
import type { Caller } from '../peers.ts'
import type { Echo } from './troupe.service.ts'

export async function open(): Promise<Caller> {
  const pool = new Pool()
  const { proxy } = await pool.spawn<Echo>({
    name: 'echo',
    module: new URL('./troupe.service.ts', import.meta.url),
  })
  return {
    add: (a, b) => proxy.add(a, b),
    echo: <T>(value: T) => proxy.echo(value) as Promise<T>,
    handOver: (buffer) => proxy.handOver(transfer(buffer, [buffer])),
    close: () => pool.close(),
  }
}
