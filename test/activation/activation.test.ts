import { Pool, type PoolOptions } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Lazy } from '../fixtures/services/lazy.ts'
import type { Relay } from '../fixtures/services/relay.ts'
import { openDiary, PARTS } from './diary.ts'

const LAZY = 'lazy#Lazy'
const lazy = fixture('lazy.ts')
const relay = (name: string) => ({ name, module: fixture('relay.ts') })
const options: PoolOptions = { modules: [lazy] }

/** The services in `images` share a thread. */
async function withImages(pool: Pool) {
  const images = await pool.context({ name: 'images' })
  const inside = await images.spawn<Relay>(relay('inside'))
  return { images, inside }
}

describe('a service that nobody has specified', () => {
  it('comes to life in a context by `activate`, in that context’s thread, under its canonical name', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { images, inside } = await withImages(pool)
    const proxy = await images.activate<Lazy>(lazy, 'Lazy')
    expect(await proxy.whoCalls()).toBe(`root calls ${LAZY} in root/images`)
    expect(await proxy.threadId()).toBe(await inside.proxy.threadId())
    expect(await Array.fromAsync(await proxy.count(3))).toEqual([0, 1, 2])
    expect(diary.text).toBe('imported constructed')
  })

  it('comes to life by the first call of its canonical name, and serves those that follow', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { images } = await withImages(pool)
    expect(diary.text).toBe('')
    expect(await images.call(LAZY, 'whoCalls')).toBe(`root calls ${LAZY} in root/images`)
    expect(await images.call(LAZY, 'whoCalls')).toBe(`root calls ${LAZY} in root/images`)
    expect(await pool.proxy<Lazy>(`images/${LAZY}`).whoCalls()).toBe(`root calls ${LAZY} in root/images`)
    expect(diary.text).toBe('imported constructed')
  })

  it('stays in its pool through a restart, and leaves it, its handle closed, when it has stopped', async () => {
    await using pool = new Pool(options)
    await pool.activate<Lazy>(lazy, 'Lazy')
    const handle = pool.get<Lazy>(LAZY)
    await handle.restart()
    expect(pool.get(LAZY)).toBe(handle)
    expect(await pool.call(LAZY, 'whoCalls')).toBe(`root calls ${LAZY} in root/${LAZY}`)
    const stopped = Promise.allSettled([handle.stop()])
    await handle.waitFor('STOPPING')
    await handle.start() // by way of STOPPED, where nobody wants it to stay any more
    await stopped
    expect(handle.stats()).toMatchObject({ state: 'RUNNING', generation: 3 })
    expect(pool.names).toEqual([LAZY])
    await handle.stop()
    await expect(handle.start()).rejects.toMatchObject({ code: 'ERR_TROUPE_POOL_CLOSED' })
    expect(pool.names).toEqual([])
    expect(await pool.call(LAZY, 'whoCalls')).toBe(`root calls ${LAZY} in root/${LAZY}`)
  })

  it('comes to life once, however many ask at the same time, from above and from within', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { images, inside } = await withImages(pool)
    const asked = Array.from({ length: 20 }, (_, n) =>
      [
        () => images.call(LAZY, 'threadId'),
        () => inside.proxy.callHere(LAZY, 'threadId'),
        () => pool.proxy<Lazy>(`images/${LAZY}`).threadId(),
        async () => (await images.activate<Lazy>(lazy, 'Lazy')).threadId(),
        () => inside.proxy.activateHere('lazy.ts', 'Lazy').then(() => inside.proxy.threadId()),
      ][n % 5]!(),
    )
    expect(new Set(await Promise.all(asked)).size).toBe(1)
    expect(diary.text).toBe('imported constructed')
  })

  it('comes to life in the context of the service that asks, and is called by its own context', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { proxy } = await pool.spawn<Relay>(relay('api'))
    expect(await proxy.callHere(LAZY, 'whoCalls')).toBe(`root/api calls ${LAZY} in root/api`)
    expect(await pool.proxy<Lazy>(`api/${LAZY}`).threadId()).toBe(await proxy.threadId())
    expect(diary.text).toBe('imported constructed')
  })

  it('comes to life any number of contexts below, by its path', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { proxy } = await pool.spawn<Relay>(relay('api'))
    await proxy.spawnBelow('worker')
    expect(await pool.proxy<Lazy>(`api/worker/${LAZY}`).whoCalls()).toBe(`root calls ${LAZY} in root/api/worker`)
    expect(await proxy.ask(`worker/${LAZY}`, 'whoCalls')).toBe(`root/api calls ${LAZY} in root/api/worker`)
    expect(diary.text).toBe('imported constructed')
  })

  it('has a context of its own when the parent script’s pool activates it', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    expect(await pool.call(LAZY, 'whoCalls')).toBe(`root calls ${LAZY} in root/${LAZY}`)
    expect(await (await pool.activate<Lazy>(lazy.href, 'Lazy')).whoCalls()).toContain(`root/${LAZY}`)
    expect(pool.get(LAZY)).toMatchObject({ name: LAZY, state: 'RUNNING' })
    expect(diary.text).toBe('imported constructed')
  })

  it('is not made again below the pool where it is alive: there it is called', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { proxy } = await pool.spawn<Relay>(relay('api'))
    await proxy.spawnBelow('worker')
    await pool.activate(lazy, 'Lazy')
    expect(await proxy.callHere(LAZY, 'whoCalls')).toBe(`root/api calls ${LAZY} in root/${LAZY}`)
    expect(await proxy.ask('worker', 'callHere', LAZY, 'whoCalls')).toBe(
      `root/api/worker calls ${LAZY} in root/${LAZY}`,
    )
    expect(await pool.proxy<Lazy>(`api/${LAZY}`).whoCalls()).toBe(`root calls ${LAZY} in root/api`)
    expect(diary.text).toBe('imported constructed imported constructed')
  })

  it('that its owner has put into the context itself is the one that is called there', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { images, inside } = await withImages(pool)
    await images.spawn<Lazy>({ name: 'mine', module: lazy })
    expect(await images.call(LAZY, 'whoCalls')).toBe('root calls mine in root/images')
    expect(await images.call('mine', 'whoCalls')).toBe('root calls mine in root/images')
    expect(await inside.proxy.callHere(LAZY, 'whoCalls')).toBe('root/images calls mine in root/images')
    expect(diary.text).toBe('imported constructed')
  })
})

describe('the pool inside a context', () => {
  it('refuses a name that is taken, an activated service’s too', async () => {
    using _ = openDiary()
    await using pool = new Pool(options)
    const { proxy } = await pool.spawn<Relay>(relay('api'))
    const taken = { code: 'ERR_TROUPE_DUPLICATE_NAME' }
    await proxy.spawnBelow('worker')
    await expect(proxy.spawnBelow('worker')).rejects.toMatchObject(taken)
    await proxy.activateHere('lazy.ts', 'Lazy')
    await expect(proxy.spawnBelow(LAZY)).rejects.toMatchObject(taken)
  })
})

describe('an activated service', () => {
  it('is stopped with its context', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { images } = await withImages(pool)
    await images.call(LAZY, 'whoCalls')
    await images.close()
    expect(diary.text).toBe('imported constructed stopped')
  })

  it('that died with its thread comes to life anew, in the next one', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const images = await pool.context({ name: 'images' })
    const first = await images.call(LAZY, 'threadId')
    const died = images.place.thread!.died
    images.kill()
    await died
    expect(await images.call(LAZY, 'threadId')).not.toBe(first)
    expect(diary.text).toBe('imported constructed imported constructed')
  })

  it('that can’t be made tells those who wait; and whoever asks next tries again', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const { images, inside } = await withImages(pool)
    diary.setBroken(true)
    await expect(images.activate(lazy, 'Lazy')).rejects.toMatchObject({
      code: 'ERR_TROUPE_START_FAILED',
      cause: { message: 'constructor is broken' },
    })
    const asked = [images.call(LAZY, 'whoCalls'), inside.proxy.callHere(LAZY, 'whoCalls')]
    for (const outcome of await Promise.allSettled(asked)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('broken') } })
    }
    expect(diary.text).toBe('imported')
    diary.setBroken(false)
    expect(await images.call(LAZY, 'whoCalls')).toBe(`root calls ${LAZY} in root/images`)
  })

  it.each(PARTS)(
    'whose %s throws fails every call that waits for it as `spawn` would: START_FAILED, with the cause',
    async (part) => {
      using diary = openDiary()
      await using pool = new Pool(options)
      const { images, inside } = await withImages(pool)
      diary.setBroken(true, part)
      const failed = { code: 'ERR_TROUPE_START_FAILED', cause: { name: 'RangeError', message: `${part} is broken` } }
      await expect(pool.spawn<Lazy>({ name: 'lazy', module: lazy })).rejects.toMatchObject(failed)
      const asked = [
        pool.call(LAZY, 'whoCalls'),
        pool.call(LAZY, 'whoCalls'),
        pool.proxy<Lazy>(LAZY).whoCalls(),
        images.call(LAZY, 'whoCalls'),
        pool.proxy<Lazy>(`images/${LAZY}`).whoCalls(),
        inside.proxy.callHere(LAZY, 'whoCalls'),
      ]
      for (const outcome of await Promise.allSettled(asked)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: failed })
      }
      diary.setBroken(false, part)
      expect(await pool.call(LAZY, 'whoCalls')).toBe(`root calls ${LAZY} in root/${LAZY}`)
    },
  )

  it('that was killed leaves its name to the next one', async () => {
    using diary = openDiary()
    await using pool = new Pool(options)
    const first = await pool.call(LAZY, 'threadId')
    const handle = pool.get(LAZY)
    handle.kill()
    await expect(handle.finished).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
    expect(await pool.call(LAZY, 'threadId')).not.toBe(first)
    expect(diary.text).toBe('imported constructed imported constructed')
  })
})

describe('a canonical name', () => {
  it('stands for a service that was given another, from its first start on, or at once if its export was named', async () => {
    await using pool = new Pool()
    const late = pool.add<Relay>(relay('api'))
    expect(() => pool.get('relay#Relay')).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_NO_SUCH_SERVICE' }))
    await late.start()
    expect(pool.get('relay#Relay')).toBe(late)
    expect(pool.proxy('relay#Relay')).toBe(late.proxy)
    const named = pool.add<Lazy>({ name: 'mine', module: lazy, exportName: 'Lazy' })
    expect(pool.get(LAZY)).toBe(named)
  })

  it('stands for the first of several objects of one class', async () => {
    await using pool = new Pool()
    const [first] = await Promise.all([pool.spawn<Relay>(relay('a')), pool.spawn<Relay>(relay('b'))])
    expect(pool.get('relay#Relay')).toBe(first)
    expect(await pool.call('relay#Relay', 'whoCalls')).toBe('root calls root/a')
  })

  it('can’t be told by another name that begins with #, which no service can have', async () => {
    await using pool = new Pool()
    for (const name of ['#', '#activator']) {
      expect(() => pool.add<Relay>(relay(name))).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }))
    }
  })
})
