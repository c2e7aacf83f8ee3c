import { Pool, type RemoteStream, type ServiceHandle } from '@troupe/runtime'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { Notebook } from '../fixtures/notebook.ts'
import type { Flagged } from '../fixtures/services/flagged.ts'
import { type Consequence, Model, type Step } from './model.ts'

/** More than a window, so that a reader has to give credit back. */
const ITEMS = 300
const MOST_STEPS = 40

/** The real thing, step by step. */
class Real {
  readonly handle: ServiceHandle<Flagged>
  readonly calls: { readonly outcome: Promise<unknown>; readonly aborter: AbortController }[] = []
  readonly #flags: Notebook
  #isPaused = false
  readonly #streams: RemoteStream<number>[] = []
  readonly #reads = new Map<number, Promise<IteratorResult<number, undefined>>>()

  constructor(handle: ServiceHandle<Flagged>, flags: Notebook) {
    this.handle = handle
    this.#flags = flags
  }

  async take(step: Step, { item, begunStreams, answered, aborted }: Consequence): Promise<void> {
    // A pause goes by another port, and may overtake what was called before it: an answer tells that all has begun.
    if (!this.#isPaused && (step.do === 'pause' || step.do === 'abort')) await this.handle.proxy.begun()
    await this.#do(step, item)
    if (step.do === 'pause' || step.do === 'start') this.#isPaused = step.do === 'pause'
    for (const call of answered) expect(await this.calls[call]!.outcome).toBe(call)
    for (const call of aborted) expect(await this.calls[call]!.outcome).toMatchObject({ name: 'AbortError' })
    for (const stream of begunStreams) expect(await this.#reads.get(stream)).toEqual({ done: false, value: 0 })
  }

  async #do(step: Step, item: Consequence['item']): Promise<void> {
    switch (step.do) {
      case 'pause':
        return this.handle.pause()
      case 'start':
        return this.handle.start()
      case 'call': {
        const aborter = new AbortController()
        const own = this.handle.proxy.$with({ signal: aborter.signal })
        const outcome = own.untilFlag(this.calls.length).catch((reason: unknown) => reason)
        this.calls.push({ outcome, aborter })
        return
      }
      case 'open':
        this.#streams.push(this.handle.proxy.upTo(ITEMS))
        return
      case 'flag':
        this.#flags.write(step.which)
        return
      case 'abort':
        return this.calls[step.which]!.aborter.abort()
      case 'leave':
        await this.#streams[step.which]!.return()
        return
      case 'read': {
        const read = this.#streams[step.which]!.next()
        if (item === undefined) this.#reads.set(step.which, read)
        else
          expect(await read).toEqual(item === 'end' ? { done: true, value: undefined } : { done: false, value: item })
      }
    }
  }
}

const kinds = fc.array(
  fc.record({
    do: fc.constantFrom<Step['do'][]>(
      'call',
      'call',
      'open',
      'pause',
      'start',
      'flag',
      'abort',
      'read',
      'read',
      'leave',
    ),
    which: fc.nat({ max: 1_000 }),
    times: fc.constantFrom(1, 1, 1, ITEMS),
  }),
  { maxLength: MOST_STEPS },
)

it.each(KINDS)(
  'a service in a %s and its model agree on any interleaving of calls, aborts, reads and pauses',
  {
    timeout: 60_000,
  },
  async (place) => {
    await using pool = new Pool()
    const home = await placeOf(pool, place)
    await fc.assert(
      fc.asyncProperty(kinds, async (drawn) => {
        const name = crypto.randomUUID()
        using flags = new Notebook()
        const handle = home.add<Flagged>({ name, module: fixture('flagged.ts'), options: { flags: flags.path } })
        await handle.start()
        const model = new Model(ITEMS)
        const real = new Real(handle, flags)
        let streams = 0
        const take = async (step: Step): Promise<void> => {
          if (step.do === 'open') streams++
          await real.take(step, model.take(step))
          expect(handle.stats().queued).toBe(model.queued)
        }
        for (const { do: kind, which, times } of drawn) {
          const count = kind === 'flag' || kind === 'abort' ? real.calls.length : streams
          if (kind === 'call' || kind === 'open' || kind === 'pause' || kind === 'start') await take({ do: kind })
          else if (count > 0 && (kind === 'flag' || kind === 'abort' || !model.isWaiting(which % count))) {
            for (let time = 0; time < (kind === 'read' ? times : 1); time++) {
              if (kind !== 'read' || !model.isWaiting(which % count)) await take({ do: kind, which: which % count })
            }
          }
        }
        await take({ do: 'start' })
        for (let which = 0; which < real.calls.length; which++) await take({ do: 'flag', which })
        for (let which = 0; which < streams; which++) await take({ do: 'leave', which })
        expect(await handle.proxy.begun()).toEqual(model.begun)
        await handle.stop()
        expect(handle.stats()).toMatchObject({ pending: 0, queued: 0, threads: 0 })
      }),
      { numRuns: 40, endOnFailure: true }, // to shrink would take longer than a test may
    )
  },
)
