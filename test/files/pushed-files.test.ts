import { setImmediate as nextTurn } from 'node:timers/promises'
import { PushedFiles, type PushTarget } from '@troupe/worker-host/files'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openScratch } from './scratch.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** A place below that counts what it is given. */
function openPlace() {
  const files = new PushedFiles()
  const taken: string[] = []
  const place: PushTarget = {
    store(path, content, how) {
      taken.push(path)
      return files.store(path, content, how)
    },
  }
  return { files, taken, place }
}

describe('get', () => {
  it('gives at once what is there, and waits for what is not', async () => {
    const files = new PushedFiles()
    const waiting = [files.get('/a'), files.get('/a'), files.get('/b')]
    await files.store('/a', bytes(1))
    expect(await Promise.all(waiting.slice(0, 2))).toEqual([bytes(1), bytes(1)])
    expect(await files.get('/a')).toEqual(bytes(1))
    await files.store('/b', bytes(2))
    expect(await waiting[2]).toEqual(bytes(2))
  })

  it('ends its wait with the reason of its signal, and the others go on', async () => {
    const files = new PushedFiles()
    const aborting = new AbortController()
    const aborted = files.get('/a', aborting.signal)
    const waiting = files.get('/a')
    aborting.abort(new RangeError('enough'))
    await expect(aborted).rejects.toThrow(new RangeError('enough'))
    await expect(files.get('/a', aborting.signal)).rejects.toThrow(new RangeError('enough'))
    await files.store('/a', bytes(1))
    expect(await waiting).toEqual(bytes(1))
  })

  it('gives everybody the same memory', async () => {
    const files = new PushedFiles()
    await files.store('/a', bytes(1, 2))
    const [one, two] = await Promise.all([files.get('/a'), files.get('/a')])
    expect(one.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(one.buffer).toBe(two.buffer)
  })
})

describe('what is stored', () => {
  it('is there below, and below that, once it has been handed on', async () => {
    const [root, middle, leaf] = [new PushedFiles(), openPlace(), openPlace()]
    await root.connect(middle.place)
    await middle.files.connect(leaf.place)
    await root.store('/a', bytes(1))
    expect(await leaf.files.get('/a')).toEqual(bytes(1))
    expect((await leaf.files.get('/a')).buffer).toBe((await root.get('/a')).buffer)
  })

  it('is handed on once to each place, whatever the order of storing and connecting, and however often', async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ step: fc.constant('store' as const), of: fc.integer({ min: 0, max: 4 }) }),
        fc.record({ step: fc.constant('connect' as const), of: fc.integer({ min: 0, max: 2 }) }),
      ),
    )
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const files = new PushedFiles()
        const places = [openPlace(), openPlace(), openPlace()]
        await Promise.all(
          list.map(({ step, of }) =>
            step === 'store' ? files.store(`/${of}`, bytes(of)) : files.connect(places[of]!.place),
          ),
        )
        const stored = new Set(list.filter(({ step }) => step === 'store').map(({ of }) => `/${of}`))
        for (const [n, { taken }] of places.entries()) {
          const isConnected = list.some(({ step, of }) => step === 'connect' && of === n)
          expect(taken.toSorted()).toEqual(isConnected ? [...stored].sort() : [])
        }
      }),
    )
  })

  it('is handed on anew to a place that did not take it, and to one that was disconnected', async () => {
    const files = new PushedFiles()
    const { place, taken } = openPlace()
    let isBroken = true
    const failing: PushTarget = {
      store: (path, content) => (isBroken ? Promise.reject(new RangeError('no')) : place.store(path, content)),
    }
    await files.connect(failing)
    await expect(files.store('/a', bytes(1))).rejects.toMatchObject({ errors: [new RangeError('no')] })
    expect(await files.get('/a')).toEqual(bytes(1))
    isBroken = false
    await files.store('/a', bytes(1))
    expect(taken).toEqual(['/a'])
    files.disconnect(failing)
    await files.store('/b', bytes(2))
    expect(taken).toEqual(['/a'])
    await files.connect(failing)
    expect(taken).toEqual(['/a', '/a', '/b'])
  })

  it('reaches the other places when one does not take it', async () => {
    const files = new PushedFiles()
    const { place, taken } = openPlace()
    await files.connect({ store: () => Promise.reject(new RangeError('no')) })
    await files.connect(place)
    await expect(files.store('/a', bytes(1))).rejects.toMatchObject({ errors: [new RangeError('no')] })
    await nextTurn()
    expect(taken).toEqual(['/a'])
  })

  it('can not be another content under the same path', async () => {
    const files = new PushedFiles()
    await files.store('/a', bytes(1))
    await expect(files.store('/a', bytes(2))).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_OPTIONS' })
    expect(await files.get('/a')).toEqual(bytes(1))
  })

  it.each([
    ['no text for a path', [1, bytes(1)]],
    ['no bytes', ['/a', 'text']],
  ])('can not be %s', async (_, args) => {
    const stored = Reflect.apply(PushedFiles.prototype.store, new PushedFiles(), args)
    await expect(stored).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_OPTIONS' })
  })

  it('is, all together, no more than the limit, and what is refused takes no room', async () => {
    const files = new PushedFiles({ maxBytes: 10 })
    await files.store('/a', new Uint8Array(4))
    await expect(files.store('/b', new Uint8Array(3))).rejects.toMatchObject({ code: 'ERR_TROUPE_STORE_FULL' })
    await files.store('/c', new Uint8Array(2))
    await files.store('/a', new Uint8Array(4))
    expect(files.bytes).toBe(10)
  })

  it('counts with its path, so that empty files have a limit too', async () => {
    const files = new PushedFiles({ maxBytes: 1_000 })
    const refused = files.store(`/${'é'.repeat(500)}`, bytes())
    await expect(refused).rejects.toMatchObject({ code: 'ERR_TROUPE_STORE_FULL' })
    await files.store(`/${'a'.repeat(999)}`, bytes())
    expect(files.bytes).toBe(1_000)
  })

  it.each<[string, (size: number) => Uint8Array]>([
    ['a buffer', (size) => new Uint8Array(size)],
    ['shared memory', (size) => new Uint8Array(new SharedArrayBuffer(size))],
    ['shared memory that can grow', (size) => new Uint8Array(new SharedArrayBuffer(size, { maxByteLength: 2 * size }))],
  ])('is a copy of what was given in %s, and no later change is seen', async (_, make) => {
    for (const how of [undefined, {}, { isFixed: false }]) {
      const files = new PushedFiles()
      const content = make(2)
      const stored = files.store('/a', content, how)
      content[0] = 9
      await stored
      expect(await files.get('/a')).toEqual(bytes(0, 0))
    }
  })

  it.each([
    ['of which it is a part', new Uint8Array(new SharedArrayBuffer(1024), 5, 1)],
    ['that can grow', new Uint8Array(new SharedArrayBuffer(1, { maxByteLength: 1024 }))],
  ])('keeps no memory %s, even when that is fixed', async (_, content) => {
    const files = new PushedFiles()
    await files.store('/a', content, { isFixed: true })
    const { buffer } = await files.get('/a')
    expect([buffer.byteLength, (buffer as SharedArrayBuffer).growable]).toEqual([1, false])
  })
})

describe('connect', () => {
  it('refuses a place that leads back here, over any others', async () => {
    const [first, second, third] = [new PushedFiles(), new PushedFiles(), new PushedFiles()]
    await first.connect(second)
    await second.connect(third)
    for (const place of [first, second, third]) {
      await expect(third.connect(place)).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_OPTIONS' })
    }
    await first.store('/x', bytes(1))
    expect(await third.get('/x')).toEqual(bytes(1))
  })
})

describe('push', () => {
  it('stores a file under its path', async () => {
    await using scratch = await openScratch()
    const path = await scratch.file('small', 1_000)
    const files = new PushedFiles()
    await files.push(path)
    expect(await files.get(path)).toHaveLength(1_000)
  })

  it('of a file that there is no room for is refused', async () => {
    await using scratch = await openScratch()
    const path = await scratch.file('large', 1_001)
    const files = new PushedFiles({ maxBytes: 1_000 })
    await expect(files.push(path)).rejects.toMatchObject({ code: 'ERR_TROUPE_STORE_FULL' })
    expect(files.bytes).toBe(0)
  })

  it('of a file that is not there rejects as the file system does', async () => {
    await expect(new PushedFiles().push('/tmp/troupe/none')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
