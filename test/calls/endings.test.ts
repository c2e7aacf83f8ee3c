/** Every way in which a call can come to an early end × every place where it can be by then: what its caller sees. */
import { getEventListeners } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { Pool, proxy, type ServiceHandle } from '@troupe/runtime'
import { ManualClock } from '@troupe/worker-host/testing'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Patient } from '../fixtures/services/patient.ts'

interface Scene {
  readonly pool: Pool
  readonly handle: ServiceHandle<Patient>
  readonly aborter: AbortController
  /** The pool's, where the call has a deadline, which is not to pass before the call has come to its place. */
  readonly clock: ManualClock | undefined
  /** What is still to be let go of when the call has ended, at its caller's side. */
  readonly held: Promise<unknown>[]
}

/** What the caller sees where it is the same everywhere, else by place. */
interface Ending {
  readonly happen: (scene: Scene) => unknown
  readonly timeoutMs?: number
  readonly sees: object | ((place: string) => object)
}

const crashed = (place: string) => ({ code: 'ERR_TROUPE_SERVICE_CRASHED', mayHaveRun: place !== 'queued' })

const ENDINGS: Readonly<Record<string, Ending>> = {
  'its caller aborts': { happen: ({ aborter }) => aborter.abort(), sees: { name: 'AbortError' } },
  'its deadline passes': {
    happen: ({ clock }) => clock!.advance(20),
    timeoutMs: 20,
    sees: { code: 'ERR_TROUPE_DEADLINE', limitMs: 20 },
  },
  'its service crashes': { happen: ({ handle }) => handle.kill(), sees: crashed },
  'its service stops': { happen: ({ handle }) => handle.stop(), sees: { code: 'ERR_TROUPE_NOT_RUNNING' } },
  'its service stops at once': {
    happen: ({ handle }) => handle.stop({ drain: false }),
    sees: { code: 'ERR_TROUPE_NOT_RUNNING' },
  },
  'the pool closes': { happen: ({ pool }) => pool.close(), sees: { code: 'ERR_TROUPE_POOL_CLOSED' } },
}

/** Each puts a call there, and gives what the caller waits for. */
const PLACES: Readonly<Record<string, (scene: Scene, timeoutMs: number) => Promise<Promise<unknown>[]>>> = {
  queued: async ({ handle, aborter }, timeoutMs) => {
    await handle.pause()
    return [handle.proxy.$with({ signal: aborter.signal, timeoutMs }).ignoreAt('gate')]
  },
  running: async ({ handle, aborter }, timeoutMs) => {
    const call = handle.proxy.$with({ signal: aborter.signal, timeoutMs }).ignoreAt('gate')
    call.catch(() => {})
    await handle.proxy.heard() // answered after it: the call has begun
    return [call]
  },
  'streaming out': async ({ handle, aborter }, timeoutMs) => {
    const stream = handle.proxy.$with({ signal: aborter.signal, timeoutMs }).items()
    await stream.next()
    return [Array.fromAsync(stream)]
  },
  'streaming in': async ({ handle, aborter, held }, timeoutMs) => {
    const asked = Promise.withResolvers<void>()
    const left = Promise.withResolvers<void>()
    held.push(left.promise)
    async function* items() {
      try {
        for (let n = 0; ; n++) {
          yield n
          asked.resolve()
          await new Promise((resolve) => setImmediate(resolve))
        }
      } finally {
        left.resolve()
      }
    }
    const call = handle.proxy.$with({ signal: aborter.signal, timeoutMs }).read(items())
    await asked.promise
    return [call]
  },
  'inside a callback': async ({ handle, aborter }, timeoutMs) => {
    const asked = Promise.withResolvers<void>()
    const question = proxy((): Promise<never> => {
      asked.resolve()
      return new Promise(() => {})
    })
    const call = handle.proxy.$with({ signal: aborter.signal, timeoutMs }).ask(question)
    await asked.promise
    return [call]
  },
}

/** A clock that stands still has to be moved for the grace to be over. */
async function closed({ pool, clock }: Scene): Promise<void> {
  let isClosed = false
  const closing = pool.close().finally(() => {
    isClosed = true
  })
  while (clock && !isClosed) {
    await clock.advance(10)
    await turn()
  }
  await closing
}

describe.each(KINDS)('in a %s:', (kind) => {
  describe.each(Object.keys(PLACES))('a call that is %s', (place) => {
    it.each(Object.keys(ENDINGS))('when %s rejects with the reason, and nothing is left of it', async (ending) => {
      const { happen, timeoutMs, sees } = ENDINGS[ending]!
      const clock = timeoutMs === undefined ? undefined : new ManualClock()
      await using pool = new Pool({ ...(clock && { clock }) })
      const handle = await (await placeOf(pool, kind)).spawn<Patient>({
        name: 'patient',
        module: fixture('patient.ts'),
        graceMs: 30,
      })
      const scene = { pool, handle, aborter: new AbortController(), clock, held: [] as Promise<unknown>[] }
      const [outcome] = await PLACES[place]!(scene, timeoutMs ?? 60_000)
      const rejected = expect(outcome).rejects.toMatchObject(typeof sees === 'function' ? sees(place) : sees)

      const happened = happen(scene)

      await rejected
      await happened
      await Promise.all(scene.held)
      expect(handle.stats().queued).toBe(0)
      expect(getEventListeners(scene.aborter.signal, 'abort')).toEqual([])
      await closed(scene)
      expect(handle.stats()).toMatchObject({ pending: 0, queued: 0, threads: 0 })
    })
  })

  it.each(['streaming in', 'inside a callback'])(
    'a method that is %s hears of its call’s abort by the reason',
    async (place) => {
      await using pool = new Pool()
      const handle = await (await placeOf(pool, kind)).spawn<Patient>({
        name: 'patient',
        module: fixture('patient.ts'),
      })
      const scene = { pool, handle, aborter: new AbortController(), clock: undefined, held: [] as Promise<unknown>[] }
      const [outcome] = await PLACES[place]!(scene, 60_000)
      scene.aborter.abort(new RangeError('enough'))
      await expect(outcome).rejects.toThrow('enough')
      while (handle.stats().pending > 0) await handle.proxy.heard()
      expect(await handle.proxy.heard()).toEqual([expect.stringMatching(/ breaks off: RangeError$/)])
    },
  )
})
