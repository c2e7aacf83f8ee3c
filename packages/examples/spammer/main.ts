/** Enter pauses the spammer, Enter again lets it go on; Ctrl-C or Ctrl-D ends it. */
import { createInterface } from 'node:readline'
import { Pool } from '@troupe/runtime'
import type { Spammer } from './spammer.service.ts'

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupted.abort())

const pool = new Pool()
const spammer = await pool.spawn<Spammer>({
  name: 'spammer',
  module: new URL('./spammer.service.ts', import.meta.url),
})
spammer.on('state', ({ state }) => console.log(state))

const keyboard = createInterface({ input: process.stdin, signal: interrupted.signal })
for await (const _ of keyboard) await (spammer.state === 'RUNNING' ? spammer.pause() : spammer.start())
await pool.close()
