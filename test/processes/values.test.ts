/** What crosses to another process, and what that refuses. */
import { MessageChannel } from 'node:worker_threads'
import { Pool, type ServiceHandle } from '@troupe/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Branch } from '../fixtures/services/branch.ts'

class Point {
  x = 1
}

const shared = new Uint8Array([1, 2, 3, 4]).buffer
const cycle: { self?: unknown } = {}
cycle.self = cycle

const CROSSES: Readonly<Record<string, unknown>> = {
  'a bigint': 5n,
  'a date': new Date(0),
  'a regular expression': /a/gi,
  'a map of sets': new Map([['a', new Set([1, { b: 2 }])]]),
  'a sparse list': Object.assign([1], { 2: 3 }),
  'a cycle': cycle,
  'an object without prototype': Object.assign(Object.create(null), { a: 1 }),
  'an instance of a class': new Point(),
  'a boxed text': Object('x'),
  'an error': new RangeError('x', { cause: { code: 1 } }),
  'typed arrays of one buffer': [new Uint8Array(shared, 0, 2), new Uint8Array(shared, 2, 2)],
  'a Buffer': Buffer.from('hello'),
  'an ArrayBuffer': new Uint8Array([1, 2]).buffer,
  'a DataView': new DataView(new ArrayBuffer(4), 1, 2),
}

const { port1, port2 } = new MessageChannel()
const STAYS: Readonly<Record<string, readonly [value: unknown, found: string]>> = {
  'a function': [() => {}, 'a function'],
  'a symbol': [Symbol('x'), 'a symbol'],
  'a promise': [Promise.resolve(), 'a Promise'],
  'a SharedArrayBuffer': [new SharedArrayBuffer(4), 'a SharedArrayBuffer'],
  'a MessagePort': [port1, 'a MessagePort'],
  'a Blob': [new Blob(['x']), 'a Blob'],
  'a URL': [new URL('http://example.org'), 'an URL'],
  'a WebAssembly.Module': [new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])), 'a Module'],
}

let pool: Pool
let handle: ServiceHandle<Branch>

beforeAll(async () => {
  pool = new Pool()
  const context = await pool.context({ name: 'house', kind: 'process' })
  handle = await context.spawn<Branch>({ name: 'branch', module: fixture('branch.ts'), options: {} })
})

afterAll(async () => {
  port1.close()
  port2.close()
  await pool.close()
})

describe('a value on its way to another process and back', () => {
  it.each(Object.keys(CROSSES))('is what structured clone makes of it: %s', async (kind) => {
    expect(await handle.proxy.echo({ value: CROSSES[kind] })).toEqual(structuredClone({ value: CROSSES[kind] }))
  })

  it('keeps what is one object one object, and a buffer its own size', async () => {
    const [small, large] = [Buffer.from('hello'), new Uint8Array(5_000)]
    const back = (await handle.proxy.echo([cycle, cycle, small, large])) as [object, object, Uint8Array, Uint8Array]
    expect(back[0]).toBe(back[1])
    expect([back[2].buffer.byteLength, back[3].buffer.byteLength]).toEqual([5, 5_000])
  })

  it.each(Object.keys(STAYS))('that can not leave its process is refused, and named: %s', async (kind) => {
    const [value, found] = STAYS[kind]!
    const bad = handle.proxy.echo({ items: [1, { value }] })
    const good = handle.proxy.echo('next')
    await expect(bad).rejects.toMatchObject({
      code: 'ERR_TROUPE_NOT_CLONEABLE',
      path: 'argument 0.items[1].value',
      message: expect.stringContaining(`can't be copied to another process, it is ${found}`),
    })
    expect(await good).toBe('next')
  })

  it('is refused where memory is shared by a view of it', async () => {
    const view = new Uint8Array(new SharedArrayBuffer(4))
    await expect(handle.proxy.echo(view)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_CLONEABLE' })
  })

  it.each(['url', 'blob', 'module', 'shared'] as const)('fails its call alone as a result: %s', async (kind) => {
    const bad = handle.proxy.unportable(kind)
    const good = handle.proxy.echo('next')
    await expect(bad).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_CLONEABLE', path: 'result.value' })
    expect(await good).toBe('next')
  })

  it('is refused among the options of a service, by its path', async () => {
    const options = { port: 0, memory: [new SharedArrayBuffer(4)] } as object
    const context = await pool.context({ name: 'other', kind: 'process' })
    const spawned = context.spawn<Branch>({ name: 'another', module: fixture('branch.ts'), options })
    await expect(spawned).rejects.toMatchObject({
      code: 'ERR_TROUPE_START_FAILED',
      cause: {
        code: 'ERR_TROUPE_NOT_CLONEABLE',
        message: `service "another": options.memory[0] can't be copied to another process, it is a SharedArrayBuffer`,
      },
    })
    await context.close()
  })

  it('may be large: 16 MiB come back as they went', async () => {
    const bytes = new Uint8Array(16 * 1024 * 1024).fill(7)
    const back = (await handle.proxy.echo(bytes)) as Uint8Array
    expect(Buffer.compare(back, bytes)).toBe(0)
    expect(bytes.byteLength).toBe(16 * 1024 * 1024)
  })
})
