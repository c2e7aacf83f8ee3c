/**
 * Fetches all pages of a small site that it starts itself. Ctrl-C lets go of what is under way, the leaves first.
 *
 *     node packages/examples/url-fetcher/main.ts [--limit 3] [--patience-ms 2000]
 */
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { Pool } from '@troupe/runtime'
import type { Fetcher } from './fetcher.service.ts'
import type { Site } from './site.service.ts'

const { values } = parseArgs({
  options: { limit: { type: 'string', default: '3' }, 'patience-ms': { type: 'string', default: '2000' } },
})

const signals = ['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)) // a second Ctrl-C ends it at once
const pool = new Pool({ timeoutMs: null }) // it is done when it is done
try {
  const site = await pool.spawn<Site>({ name: 'site', module: new URL('./site.service.ts', import.meta.url) })
  const fetcher = await pool.spawn<Fetcher>({
    name: 'fetcher',
    module: new URL('./fetcher.service.ts', import.meta.url),
    options: {
      url: `${await site.proxy.url()}/`,
      limit: Number(values.limit),
      patienceMs: Number(values['patience-ms']),
    },
    dependsOn: ['site'],
  })
  await Promise.race([...signals, fetcher.proxy.done(), fetcher.finished])
  await fetcher.stop()
} finally {
  await pool.close()
}
