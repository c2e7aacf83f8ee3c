import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type AbortGroup, abortGroupOf } from '../../packages/runtime/src/calls/abort-groups.ts'
import { Call } from '../../packages/runtime/src/calls/call.ts'
import { systemTurnClock } from '../../packages/runtime/src/calls/turn-clock.ts'
import type { Follower } from '../../packages/worker-host/src/service/abort-source.ts'
import { CallScope } from '../../packages/worker-host/src/service/call-scope.ts'

const REQUEST = { service: 's', method: 'm', args: [], caller: 'root', isIdempotent: false, timeoutMs: null }

/** Leaves its group when it is aborted, as a call does. */
class Abortee implements Follower {
  followsAfter: Follower | undefined = undefined
  followedBy: Follower | undefined = undefined
  readonly #group: AbortGroup
  readonly #onAbort: () => void

  constructor(group: AbortGroup, onAbort: () => void) {
    this.#group = group
    this.#onAbort = onAbort
    group.follow(this)
  }

  abort(): void {
    this.leave()
    this.#onAbort()
  }

  leave(): void {
    this.#group.unfollow(this)
  }
}

it('aborts those that have not left, in the order they came, whatever the order in which others left', () => {
  // A number below the count of those that are there has that one leave; any other has one more come.
  fc.assert(
    fc.property(fc.array(fc.nat(12)), (steps) => {
      const aborting = new AbortController()
      const group = abortGroupOf(aborting.signal)
      const aborted: number[] = []
      const present: { readonly name: number; readonly abortee: Abortee }[] = []
      for (const [name, step] of steps.entries()) {
        if (step < present.length) present.splice(step, 1)[0]!.abortee.leave()
        else present.push({ name, abortee: new Abortee(group, () => aborted.push(name)) })
      }
      aborting.abort()
      expect(aborted).toEqual(present.map(({ name }) => name))
    }),
  )
})

it('is one for each signal', () => {
  const { signal } = new AbortController()
  expect(abortGroupOf(signal)).toBe(abortGroupOf(signal))
  expect(abortGroupOf(new AbortController().signal)).not.toBe(abortGroupOf(signal))
})

it('a call that follows a signal and the call it was made for is aborted by whichever aborts first', async () => {
  const call = fc.record({ signal: fc.option(fc.nat(2)), within: fc.option(fc.nat(2)) })
  const event = fc.record({ what: fc.constantFrom('signal', 'within', 'answer'), which: fc.nat(5) })
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 6 }), fc.array(event, { maxLength: 8 }), async (specs, events) => {
      const signals = Array.from({ length: 3 }, () => new AbortController())
      const scopes = Array.from({ length: 3 }, () => new CallScope('root', 'caller', 'method'))
      const outcomes: unknown[] = specs.map(() => 'open')
      const calls = specs.map(({ signal, within }, at) => {
        const made = new Call(
          {
            ...REQUEST,
            signal: signal === null ? undefined : signals[signal]!.signal,
            within: within === null ? undefined : (scopes[within] as never),
          },
          [],
          systemTurnClock,
        )
        const settle = (outcome: unknown): void => {
          outcomes[at] = outcome
        }
        made.promise().then(settle, settle)
        made.listen()
        return made
      })
      const expected: unknown[] = specs.map(() => 'open')
      for (const { what, which } of events) {
        const name = `${what} ${which}`
        if (what === 'answer') calls[which]?.succeed(name)
        else if (what === 'signal') signals[which]?.abort(name)
        else scopes[which]?.abort(name)
        specs.forEach((spec, at) => {
          if (expected[at] === 'open' && (what === 'answer' ? at : spec[what as 'signal']) === which)
            expected[at] = name
        })
      }
      await new Promise(setImmediate)
      expect(outcomes).toEqual(expected)
    }),
  )
})
