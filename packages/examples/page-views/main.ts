/**
 * Counts page views, with a web server, a WebSocket server, a cache and a database that are a service each.
 *
 *     node packages/examples/page-views/main.ts [--file views.db] [--port 8000] [--live-port 8001]
 */
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { Pool } from '@troupe/runtime'
import { addApp } from './app.ts'
import { drawing } from './drawing.ts'

const { values } = parseArgs({
  options: {
    file: { type: 'string', default: ':memory:' },
    port: { type: 'string', default: '8000' },
    'live-port': { type: 'string', default: '8001' },
  },
})

const signals = ['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)) // a second Ctrl-C ends it at once
const pool = new Pool()
const app = addApp(pool, { file: values.file, port: Number(values.port), livePort: Number(values['live-port']) })
try {
  await pool.start()
  const services = pool.names.map((name) => pool.get(name))
  console.log(drawing(services))
  console.log(`a page          ${await app.web.proxy.url()}/pages/welcome?user=ada`)
  console.log(`seen most often ${await app.web.proxy.url()}/top`)
  console.log(`as it happens   ${await app.live.proxy.url()}`)
  await Promise.race([...signals, ...services.map(({ finished }) => finished)])
  for (const service of services) {
    service.on('state', ({ state }) => state === 'STOPPED' && console.log(`${service.name} has stopped`))
  }
} finally {
  await pool.close()
}
