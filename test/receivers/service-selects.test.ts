import { BroadcastChannel } from 'node:worker_threads'
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Reader, Switchboard } from '../fixtures/services/receivers.ts'

const module = fixture('receivers.ts')
const spawnSwitchboard = (pool: Pool) =>
  pool.spawn<Switchboard>({ name: 'switchboard', module, exportName: 'Switchboard' })

const hello = ['call hello begins', 'ends', 'timer 1 begins', 'ends', 'port hello begins', 'ends']

describe('onMessage', () => {
  it('is given what each source has, one event at a time', async () => {
    await using pool = new Pool()
    const switchboard = await spawnSwitchboard(pool)
    expect(await switchboard.proxy.hear('hello')).toEqual(hello)
  })

  it('is given nothing while the service is paused, and events again when it runs again', async () => {
    await using pool = new Pool()
    const switchboard = await spawnSwitchboard(pool)
    await switchboard.proxy.hear('hello')
    await switchboard.pause()
    await switchboard.start()
    expect(await switchboard.proxy.listeners()).toBe(1)
    expect(await switchboard.proxy.hear('hello')).toEqual(hello)
  })

  it('fails the service with what it throws', async () => {
    await using pool = new Pool()
    const switchboard = await spawnSwitchboard(pool)
    await switchboard.proxy.emit('bad')
    await expect(switchboard.finished).rejects.toThrow(new RangeError('a bad call'))
    expect(switchboard.state).toBe('FAILED')
  })
})

describe('a select', () => {
  it('that run reads is not given to onMessage, and ends, its sources left, before run is told to end', async () => {
    await using pool = new Pool()
    const channel = `reader-${crypto.randomUUID()}`
    const told: unknown[] = []
    const ear = new BroadcastChannel(channel)
    using _ = { [Symbol.dispose]: () => ear.close() }
    const ended = new Promise<void>((resolve) => {
      ear.onmessage = (event) => {
        told.push((event as MessageEvent).data)
        if (told.length === 4) resolve()
      }
    })
    const reader = await pool.spawn<Reader>({ name: 'reader', module, exportName: 'Reader', options: { channel } })
    await reader.proxy.emit('first')
    await reader.proxy.emit('second')
    await reader.stop()
    await ended
    expect(told).toEqual(['run begins', 'first', 'second', 'the loop ends, 0 listeners'])
    expect(await reader.finished).toBe('stopped')
  })

  it('before the service starts is NOT_RUNNING', async () => {
    await using pool = new Pool()
    const spawned = pool.spawn({ name: 'hasty', module, exportName: 'Hasty' })
    await expect(spawned).rejects.toMatchObject({ cause: { code: 'ERR_TROUPE_NOT_RUNNING' } })
  })
})
