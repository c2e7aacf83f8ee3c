/** How a context ends whose services were brought to life in it, what is told of that, and what comes after it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from '@troupe/runtime'
import { ManualClock } from '@troupe/worker-host/testing'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS } from '../fixtures/kinds.ts'
import type { Captive } from '../fixtures/services/captive.ts'

const CAPTIVE = 'captive#Captive'
const module = fixture('captive.ts')
const options = { modules: [module] }

const code = (short: string) => ({ code: `ERR_TROUPE_${short}` })

/** A file that is made elsewhere by what can say nothing else any more. */
class Sign {
  readonly #folder = mkdtempSync(join(tmpdir(), 'troupe-test-'))
  readonly path = join(this.#folder, 'sign')

  async given(): Promise<void> {
    while (!existsSync(this.path)) await sleep(5)
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}

describe.each(KINDS)('a context of kind %s', (kind) => {
  it('that is closed takes no calls and activates nothing, and its pool closes', async () => {
    const pool = new Pool(options)
    const [closed, other] = [await pool.context({ name: 'closed', kind }), await pool.context({ name: 'other', kind })]
    await closed.close()
    await expect(closed.call(CAPTIVE, 'pid')).rejects.toMatchObject(code('POOL_CLOSED'))
    await expect(closed.activate(module, 'Captive')).rejects.toMatchObject(code('POOL_CLOSED'))
    await pool.close()
    await expect(other.call(CAPTIVE, 'pid')).rejects.toMatchObject(code('POOL_CLOSED'))
  })

  it('whose thread is blocked is ended all the same, when it has not answered for 10 s', async () => {
    using sign = new Sign()
    const pool = new Pool(options)
    const context = await pool.context({ name: 'blocked', kind })
    const spinning = expect(context.call(CAPTIVE, 'spin', sign.path)).rejects.toMatchObject(code('SERVICE_CRASHED'))
    await sign.given()
    await pool.close()
    await spinning
  })

  it('tells the callers of an activated service what it died of', async () => {
    await using pool = new Pool(options)
    const context = await pool.context({ name: 'mortal', kind })
    await expect(context.call(CAPTIVE, 'exit', 7)).rejects.toMatchObject({ ...code('SERVICE_CRASHED'), exitCode: 7 })
    const pending = context.call(CAPTIVE, 'never')
    await context.call(CAPTIVE, 'pid')
    context.kill(new RangeError('enough'))
    await expect(pending).rejects.toMatchObject({ ...code('SERVICE_CRASHED'), cause: new RangeError('enough') })
  })

  it('that has died is started again by a call of its owner, by a path too; nobody else waits for that', async () => {
    await using pool = new Pool(options)
    const context = await pool.context({ name: 'mortal', kind })
    const other = await pool.spawn<Captive>({ name: 'other', module })
    const path = `mortal/${CAPTIVE}`
    const before = await pool.call(path, 'pid')
    await expect(pool.call(path, 'exit', 0)).rejects.toMatchObject(code('SERVICE_CRASHED'))
    await expect(other.proxy.ask(path, 'pid')).rejects.toMatchObject(code('NOT_RUNNING'))
    const after = await pool.call(path, 'pid')
    expect(after === before).toBe(kind === 'thread')
    expect(await other.proxy.ask(path, 'pid')).toBe(after)
    expect(await context.call(CAPTIVE, 'pid')).toBe(after)
  })
})

it('tells the callers of an activated service by which signal its process was killed', async () => {
  await using pool = new Pool(options)
  const context = await pool.context({ name: 'mortal', kind: 'process' })
  const pid = await context.call<number>(CAPTIVE, 'pid')
  const pending = expect(context.call(CAPTIVE, 'never')).rejects.toMatchObject({
    ...code('SERVICE_CRASHED'),
    signal: 'SIGKILL',
  })
  await context.call(CAPTIVE, 'pid')
  process.kill(pid, 'SIGKILL')
  await pending
})

describe('a process that hangs before it is ready', () => {
  const hanging = (sign: string) => {
    const script = `import { writeFileSync } from 'node:fs'; writeFileSync('${sign}', ''); for (;;);`
    const execArgv = ['--import', `data:text/javascript,${encodeURIComponent(script)}`]
    return { name: 'hanging', kind: 'process', execArgv } as const
  }

  it('is given 10 s', async () => {
    using sign = new Sign()
    const clock = new ManualClock()
    await using pool = new Pool({ clock })
    const made = expect(pool.context(hanging(sign.path))).rejects.toMatchObject({
      ...code('SERVICE_CRASHED'),
      cause: code('DEADLINE'),
    })
    await sign.given()
    await clock.advance(10_000)
    await made
    await expect(pool.context({ name: 'hanging' })).resolves.toBeDefined() // its name is free
  })

  it('does not keep its pool from closing', async () => {
    using sign = new Sign()
    const pool = new Pool()
    const made = expect(pool.context(hanging(sign.path))).rejects.toMatchObject(code('POOL_CLOSED'))
    await sign.given()
    await pool.close()
    await made
  })
})

it('only who has provided a value can take it back, and whoever else tries is told of', async () => {
  await using pool = new Pool()
  const { proxy } = await pool.spawn<Captive>({ name: 'other', module })
  using _ = pool.provide('secret', 'kept')
  const refused = new Promise((resolve) => void pool.on('refused', resolve))
  await expect(proxy.ask('root/\0pool', 'withdraw', 1)).rejects.toMatchObject(code('NOT_AUTHORIZED'))
  expect(await refused).toMatchObject({ reason: 'policy', caller: 'root/other', service: 'pool', method: 'withdraw' })
  expect(await pool.inject('secret')).toBe('kept')
})
