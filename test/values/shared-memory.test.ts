/** Memory that is shared, on each way that a value can go: to a thread it goes, and to a process it is refused, by its place. */
import { type Context, Pool, proxy } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Cloner } from '../fixtures/services/cloner.ts'
import type { Foreman } from '../fixtures/services/foreman.ts'
import type { Neighbour } from '../fixtures/services/neighbour.ts'
import type { Uploader } from '../fixtures/services/uploader.ts'

const memory = { inner: new SharedArrayBuffer(4) }

const cloner = (place: Pool | Context) => place.spawn<Cloner>({ name: 'cloner', module: fixture('cloner.ts') })
const foreman = (place: Pool | Context) => place.spawn<Foreman>({ name: 'foreman', module: fixture('foreman.ts') })

interface Way {
  readonly send: (place: Pool | Context, pool: Pool) => Promise<unknown>
  /** Where it says that the memory is. */
  readonly path: string
}

const WAYS: Readonly<Record<string, Way>> = {
  'as an argument': {
    send: async (place) => (await cloner(place)).proxy.isSame(1, memory),
    path: 'argument 1.inner',
  },
  'as a result': {
    send: async (place) => (await cloner(place)).proxy.give('memory'),
    path: 'result.deep',
  },
  'as an item': {
    send: async (place) => Array.fromAsync((await cloner(place)).proxy.giveItems(2, 1, 'memory')),
    path: 'item.inner.deep',
  },
  'as an item of an upload': {
    async send(place) {
      const uploader = await place.spawn<Uploader>({ name: 'uploader', module: fixture('uploader.ts') })
      async function* items() {
        yield memory as unknown as number
      }
      return uploader.proxy.readOn(items())
    },
    path: 'item.inner',
  },
  'as an answer of a function': {
    send: async (place) => (await foreman(place)).proxy.ask(proxy(() => memory as unknown as string)),
    path: 'result.inner',
  },
  'as an argument of a function': {
    async send(place) {
      const take = proxy(() => 'taken')
      const told = await (await foreman(place)).proxy.give(take, 'memory')
      if (told === 'taken') return
      const [code, path] = told as [string, string]
      throw { code, path }
    },
    path: 'argument 0.inner',
  },
  'as a provided value': {
    async send(place, pool) {
      const neighbour = await place.spawn<Neighbour>({ name: 'neighbour', module: fixture('neighbour.ts') })
      using _ = pool.provide('memory', memory)
      return await neighbour.proxy.get('memory')
    },
    path: 'result.inner',
  },
  'as an option': {
    send: (place) => place.spawn<Cloner>({ name: 'cloner', module: fixture('cloner.ts'), options: memory }),
    path: 'options.inner',
  },
}

describe.each(KINDS)('shared memory, with a service in a %s,', (kind) => {
  const goes = { thread: 'goes through', process: 'is refused by its place,' }[kind]

  it.each(Object.keys(WAYS))(`${goes} %s`, async (way) => {
    await using pool = new Pool()
    const { send, path } = WAYS[way]!
    const sent = send(await placeOf(pool, kind), pool)
    if (kind === 'thread') await sent
    else {
      const refused = { code: 'ERR_TROUPE_NOT_CLONEABLE', path }
      await expect(sent).rejects.toMatchObject(way === 'as an option' ? { cause: refused } : refused)
    }
  })
})
