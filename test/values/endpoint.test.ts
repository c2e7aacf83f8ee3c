/** A service behind plain Comlink, as published: what its clients can do, and what they can't. */
import { once } from 'node:events'
import { type MessagePort, Worker } from 'node:worker_threads'
import { Pool, type ServiceHandle } from '@troupe/runtime'
import type { Endpoint, Remote } from 'comlink'
import { describe, expect, it } from 'vitest'
import { Comlink, fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Clerk } from '../fixtures/services/clerk.ts'

const clerk = { name: 'clerk', module: fixture('clerk.ts') }
const noSuchMethod = { code: 'ERR_TROUPE_NO_SUCH_METHOD' }

/** Posts as no client of Comlink would, and gives the answer. */
async function answerTo(port: MessagePort, message: object): Promise<unknown> {
  const answered = once(port, 'message')
  port.postMessage({ id: 'raw', ...message })
  return (await answered)[0]
}

const refusal = expect.objectContaining({
  id: 'raw',
  type: 'HANDLER',
  name: 'throw',
  value: { isError: true, value: expect.objectContaining(noSuchMethod) },
})

describe.each(KINDS)('in a %s:', (kind) => {
  /** A client that is released at the end of its scope. */
  async function connect(pool: Pool) {
    const handle = await (await placeOf(pool, kind)).spawn<Clerk>(clerk)
    const port = handle.endpoint()
    const client = Comlink.wrap<Clerk>(port as unknown as Endpoint)
    return { handle, port, client }
  }

  describe('a Comlink client of an endpoint', () => {
    it('calls exposed methods, in order, through policies and specs', async () => {
      await using pool = new Pool()
      const { client, handle } = await connect(pool)
      expect(await Promise.all([client.double(1), client.double(2)])).toEqual([2, 4])
      expect(await client.echo({ a: [1, new Date(0)] })).toEqual({ a: [1, new Date(0)] })
      await expect(client.forbidden()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_AUTHORIZED' })
      await expect(client.double('x' as unknown as number)).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_ARGUMENTS' })
      expect(handle.stats()).toMatchObject({ succeeded: 3 })
    })

    it('gets an error’s class name, message, code and plain fields', async () => {
      await using pool = new Pool()
      const { client } = await connect(pool)
      const error = (await (client.fail() as Promise<never>).catch((error: unknown) => error)) as Error
      expect(error).toBeInstanceOf(Error)
      expect(error).toMatchObject({ name: 'RangeError', message: 'too far', code: 'E_FAR', atLine: 3 })
      expect(error.stack).toContain('clerk.ts')
    })

    it('can move what it gives, and give callbacks', async () => {
      await using pool = new Pool()
      const { client } = await connect(pool)
      const bytes = new Uint8Array(5)
      expect(await client.echo(Comlink.transfer(bytes, [bytes.buffer]))).toEqual(new Uint8Array(5))
      expect(bytes.byteLength).toBe(0)
      expect(await client.bytes(3)).toEqual(new Uint8Array(3))
      const any = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
      expect(await any.callBack!(Comlink.proxy((n: number) => n * 10))).toBe(30)
    })

    it('is refused a stream, whose producer is left', async () => {
      await using pool = new Pool()
      const { client, handle } = await connect(pool)
      const any = client as unknown as Record<string, () => Promise<unknown>>
      for (const method of ['items', 'returnsItems']) {
        await expect(any[method]!()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_CLONEABLE', path: 'result' })
      }
      expect(handle.stats().pending).toBe(0)
    })

    it('reaches nothing else: by a name, a path, a read, a write, or a construction', async () => {
      await using pool = new Pool()
      const { client, handle, port } = await connect(pool)
      // biome-ignore lint/suspicious/noExplicitAny: a client in plain JavaScript
      const any = client as any
      await expect(any.unexposed()).rejects.toMatchObject(noSuchMethod)
      await expect(any.prepare()).rejects.toMatchObject(noSuchMethod)
      await expect(any.constructor('return process')).rejects.toMatchObject(noSuchMethod)
      await expect(any.double.constructor('return process')).rejects.toMatchObject(noSuchMethod)
      await expect(any.double.call(null, 1)).rejects.toMatchObject(noSuchMethod)
      await expect(any.toString()).rejects.toMatchObject(noSuchMethod)
      await expect(any.$with({})).rejects.toMatchObject(noSuchMethod)
      await expect((async () => await any.secret)()).rejects.toMatchObject(noSuchMethod)
      await expect(new any.double(1)).rejects.toMatchObject(noSuchMethod)
      await expect(any[Comlink.createEndpoint]()).rejects.toMatchObject(noSuchMethod)
      for (const path of [['__proto__'], ['constructor', 'prototype', 'x'], ['double', '__proto__', 'x']]) {
        expect(await answerTo(port, { type: 'SET', path, value: { type: 'RAW', value: 1 } })).toEqual(refusal)
      }
      for (const path of [['__proto__'], ['hasOwnProperty'], ['then'], [], [{}], 'double', undefined]) {
        expect(await answerTo(port, { type: 'APPLY', path, argumentList: [] })).toEqual(refusal)
      }
      expect(await handle.proxy.double(1)).toBe(2)
    })

    it('is told of arguments that can’t be read, and what is no message is dropped', async () => {
      await using pool = new Pool()
      const { port, client } = await connect(pool)
      for (const message of [null, 7, 'x', {}, { id: 5, type: 'APPLY', path: ['double'], argumentList: [] }])
        port.postMessage(message)
      for (const argument of [
        null,
        { type: 'HANDLER', name: 'constructor' },
        { type: 'HANDLER', name: 'proxy', value: 1 },
      ]) {
        const answer = await answerTo(port, { type: 'APPLY', path: ['echo'], argumentList: [argument] })
        expect(answer).toMatchObject({ value: { value: { code: 'ERR_TROUPE_BAD_ARGUMENTS' } } })
      }
      expect(await client.double(4)).toBe(8)
    })

    it('in a worker of the user’s own finds the service behind the port', async () => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Clerk>(clerk)
      const port = handle.endpoint()
      const worker = new Worker(new URL('../fixtures/comlink-client.mjs', import.meta.url), {
        workerData: { port, comlink: import.meta.url },
        transferList: [port],
      })
      const exited = once(worker, 'exit')
      expect((await once(worker, 'message'))[0]).toEqual([42, noSuchMethod.code])
      expect(await exited).toEqual([0])
    })

    it('that releases it has its calls aborted, and the port closed', async () => {
      await using pool = new Pool()
      const { handle, client, port } = await connect(pool)
      void client.hang()
      await client.double(1) // sent behind it
      const closed = once(port, 'close')
      client[Comlink.releaseProxy]()
      await closed
      while ((await handle.proxy.aborted()) === 0);
      expect(await handle.proxy.aborted()).toBe(1)
    })

    it('that closes its port has its calls aborted', async () => {
      await using pool = new Pool()
      const { handle, client, port } = await connect(pool)
      void client.hang()
      await client.double(1)
      port.close()
      while ((await handle.proxy.aborted()) === 0);
      expect(await handle.proxy.aborted()).toBe(1)
    })

    it.each([
      ['crashes', (handle: ServiceHandle<Clerk>) => handle.kill(), 'ERR_TROUPE_SERVICE_CRASHED'],
      ['stops', (handle: ServiceHandle<Clerk>) => void handle.stop(), 'ERR_TROUPE_NOT_RUNNING'],
      ['is closed with its pool', (_: ServiceHandle<Clerk>, pool: Pool) => void pool.close(), 'ERR_TROUPE_POOL_CLOSED'],
    ])('sees its pending calls rejected when the service %s', async (_, end, code) => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Clerk>({ ...clerk, graceMs: 20 })
      const client: Remote<Clerk> = Comlink.wrap<Clerk>(handle.endpoint() as unknown as Endpoint)
      const pending = expect(client.hang()).rejects.toMatchObject({ code })
      await client.double(1)
      end(handle, pool)
      await pending
    })

    it('goes on after a restart, and is refused by a closed pool', async () => {
      await using pool = new Pool()
      const { handle, client } = await connect(pool)
      await handle.restart()
      expect(await client.double(3)).toBe(6)
      await pool.close()
      expect(() => handle.endpoint()).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_POOL_CLOSED' }))
    })
  })
})
