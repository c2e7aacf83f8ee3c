import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type AbortGroup, abortGroupOf } from '../../packages/runtime/src/calls/abort-groups.ts'
import type { Follower } from '../../packages/worker-host/src/service/abort-source.ts'

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
