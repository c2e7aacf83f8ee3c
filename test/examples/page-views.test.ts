import { once } from 'node:events'
import { get } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { type App, addApp } from '../../packages/examples/page-views/app.ts'
import { scratchFolder } from '../attic/scratch.ts'
import { fixture } from '../fixtures/index.ts'
import type { UserCacheByHand } from '../fixtures/services/user-cache-by-hand.ts'
import { Program, WELL } from './program.ts'

async function fetchText(url: string): Promise<{ status: number | undefined; body: string }> {
  const [response] = await once(get(url, { agent: false }), 'response')
  return { status: response.statusCode, body: await text(response) }
}

async function startApp(pool: Pool, file = ':memory:'): Promise<App> {
  const app = addApp(pool, { file, port: 0, livePort: 0 })
  await pool.start()
  return app
}

const page = async ({ web }: App, path: string) => fetchText((await web.proxy.url()) + path)

describe('the program', () => {
  it('draws its services, counts pages, tells of them as they are seen, and stops dependents first', async () => {
    await using program = new Program('page-views', ['--port', '0', '--live-port', '0'])
    const [, web] = await program.shows(/(http:\S+)\/top\n/)
    const [, live] = await program.shows(/(ws:\S+)\n/)
    const listener = new WebSocket(live!)
    await once(listener, 'open')

    const told = once(listener, 'message')
    expect(await fetchText(`${web}/pages/welcome?user=ada`)).toEqual({
      status: 200,
      body: 'hello Ada Lovelace, /pages/welcome has been seen once\n',
    })
    expect(JSON.parse((await told)[0].data)).toEqual({ url: '/pages/welcome', views: 1 })
    expect((await fetchText(`${web}/pages/welcome`)).body).toBe(
      'hello stranger, /pages/welcome has been seen 2 times\n',
    )
    await fetchText(`${web}/pages/about`)
    expect((await fetchText(`${web}/top`)).body).toBe('2 /pages/welcome\n1 /pages/about\n')
    expect((await fetchText(`${web}/nowhere`)).status).toBe(404)
    const left = once(listener, 'close')
    program.send('SIGINT')

    expect(await program.ended).toEqual(WELL)
    expect((await left)[0].code).toBe(1001)
    expect(program.lines.slice(0, 5)).toEqual([
      'web RUNNING',
      '├─ user-cache RUNNING',
      '│  └─ page-views RUNNING',
      '├─ page-views RUNNING',
      '└─ live RUNNING',
    ])
    const stopped = program.lines.slice(8)
    expect(stopped.toSorted()).toEqual(['live', 'page-views', 'user-cache', 'web'].map((name) => `${name} has stopped`))
    expect(stopped[0]).toBe('web has stopped')
    expect(stopped.indexOf('user-cache has stopped')).toBeLessThan(stopped.indexOf('page-views has stopped'))
  })

  it('ends with exit code 1 and a reason when a port is taken', async () => {
    await using first = new Program('page-views', ['--port', '0', '--live-port', '0'])
    const [, port] = await first.shows(/http:\S+:(\d+)\/top\n/)

    await using second = new Program('page-views', ['--port', port!, '--live-port', '0'])

    expect(await second.ended).toEqual({ exitCode: 1, stderr: expect.stringContaining('EADDRINUSE') })
    expect(second.output).toBe('')
  })
})

describe('the web server', () => {
  it('answers with 503 while it is paused, and counts on when it is started again', async () => {
    await using pool = new Pool()
    const app = await startApp(pool)
    const url = `${await app.web.proxy.url()}/pages/a`
    await fetchText(url)

    await app.web.pause()
    expect((await fetchText(url)).status).toBe(503)
    await app.web.start()

    expect((await fetchText(url)).body).toContain('2 times')
  })

  it('that is killed comes back by itself, and no view is lost', async () => {
    await using pool = new Pool()
    const app = await startApp(pool)
    await page(app, '/pages/a')

    const restarted = new Promise((resolve) => app.web.on('restarted', resolve))
    app.web.kill()
    await restarted

    expect((await page(app, '/pages/a')).body).toContain('2 times')
  })
})

describe('page views', () => {
  it('are found again in the file by the next run', async () => {
    using scratch = scratchFolder()
    const file = join(scratch.path, 'views.db')
    for (const seen of ['once', '2 times']) {
      await using pool = new Pool()
      const app = await startApp(pool, file)
      expect((await page(app, '/pages/a')).body).toContain(seen)
    }
  })
})

describe('the user cache', () => {
  it('asks the database once for each user, and forgets by its timer whom it has known for half a minute', async () => {
    await using pool = new Pool()
    const { pageViews } = addApp(pool, { file: ':memory:', port: 0, livePort: 0 })
    await pageViews.start()
    const { proxy } = await pool.spawn<UserCacheByHand>({
      name: 'cache-by-hand',
      module: fixture('user-cache-by-hand.ts'),
      exportName: 'UserCacheByHand',
    })
    expect(await proxy.lookup('grace')).toEqual({ id: 'grace', name: 'Grace Hopper' })
    expect(await proxy.lookup('nobody')).toBeUndefined()
    await proxy.lookup('grace')
    expect(await proxy.stats()).toEqual({ users: 2, hits: 1 })

    await proxy.pass(20_000)
    expect(await proxy.stats()).toEqual({ users: 2, hits: 1 })
    await proxy.pass(10_000)

    expect(await proxy.stats()).toEqual({ users: 0, hits: 1 })
  })
})
