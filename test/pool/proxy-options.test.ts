import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Courier } from '../fixtures/services/courier.ts'

const spec = { name: 'courier', module: fixture('courier.ts') }
const LATE = { code: 'ERR_TROUPE_DEADLINE', limitMs: 1 }

describe.each(KINDS)('in a %s:', (kind) => {
  it('what $with gives before the service has ever run knows its methods once they are known, streams too', async () => {
    await using pool = new Pool()
    const handle = (await placeOf(pool, kind)).add<Courier>(spec)
    const early = handle.proxy.$with({ timeoutMs: null })
    const starting = handle.start()
    const first = early.count(3)
    await starting
    expect(await Array.fromAsync(first)).toEqual([0, 1, 2])
    const known = early.count(3)
    expect('then' in known).toBe(false)
    expect(await Array.fromAsync(known)).toEqual([0, 1, 2])
    expect(await early.echo(1)).toBe(1)
  })

  it('$with on what $with gave adds to its options, and each of them keeps its own', async () => {
    await using pool = new Pool()
    const { proxy } = await (await placeOf(pool, kind)).spawn<Courier>(spec)
    const given = new AbortController()
    const hurried = proxy.$with({ timeoutMs: 1 })
    const both = hurried.$with({ signal: given.signal })
    const patient = both.$with({ timeoutMs: null })
    await expect(hurried.waitAt('gate')).rejects.toMatchObject(LATE)
    await expect(both.waitAt('gate')).rejects.toMatchObject(LATE)
    const waiting = patient.waitAt('gate')
    await proxy.reached('gate')
    given.abort(new RangeError('given up'))
    await expect(waiting).rejects.toThrow('given up')
    expect(await hurried.$with({ timeoutMs: null }).echo(1)).toBe(1)
  })

  it('a method taken off what $with gave keeps its options', async () => {
    await using pool = new Pool()
    const { proxy } = await (await placeOf(pool, kind)).spawn<Courier>(spec)
    const { waitAt } = proxy.$with({ timeoutMs: 1 })
    await expect(waitAt('gate')).rejects.toMatchObject(LATE)
  })

  it('what $with gives can be asked for one method after another, and each is its own', async () => {
    await using pool = new Pool()
    const { proxy } = await (await placeOf(pool, kind)).spawn<Courier>(spec)
    const optioned = proxy.$with({ timeoutMs: 20_000 })
    const waiting = optioned.waitAt('gate')
    await optioned.reached('gate')
    expect(await optioned.echo(1)).toBe(1)
    expect(await Array.fromAsync(optioned.count(2))).toEqual([0, 1])
    expect(await optioned.echo(2)).toBe(2)
    await optioned.open('gate')
    await waiting
  })

  it('what $with gives has no more names than the proxy: no then, no constructor, and none can be set', async () => {
    await using pool = new Pool()
    const { proxy } = await (await placeOf(pool, kind)).spawn<Courier>(spec)
    const optioned = proxy.$with({ timeoutMs: null }) as unknown as Record<string | symbol, unknown>
    expect([optioned.then, optioned.toJSON, optioned[Symbol.iterator]]).toEqual([undefined, undefined, undefined])
    expect(`${optioned}`).toBe('[proxy of service "courier"]')
    expect(() => Object.assign(optioned, { anything: 1 })).toThrow(TypeError)
    expect(() => Object.assign(optioned, { echo: 1 })).toThrow(TypeError)
    await expect((optioned.constructor as () => Promise<unknown>)()).rejects.toMatchObject({
      code: 'ERR_TROUPE_NO_SUCH_METHOD',
    })
  })
})
