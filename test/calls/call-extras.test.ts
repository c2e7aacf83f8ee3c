import { describe, expect, it } from 'vitest'
import { extrasOf } from '../../packages/runtime/src/calls/call-extras.ts'
import { limitedBy } from '../../packages/worker-host/src/service/limited-by.ts'

const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
const stores = { tenant: 'acme', locale: 'de' }

/** All that a call could bring, and what of it is sent to a thread that reads its calls, or has registered a store. */
describe('what is sent with a call', () => {
  it.each([
    [{}, { readsCalls: false, stores: [] }, undefined],
    [{}, { readsCalls: true, stores: ['tenant'] }, { budgetMs: 400 }],
    [{ trace, stores }, { readsCalls: false, stores: [] }, undefined],
    [{ trace, stores }, { readsCalls: false, stores: ['tenant', 'user'] }, { stores: { tenant: 'acme' } }],
    [
      { trace, stores },
      { readsCalls: true, stores: [] },
      { budgetMs: 400, trace },
    ],
    [
      { trace, stores },
      { readsCalls: true, stores: ['locale'] },
      { budgetMs: 400, trace, stores: { locale: 'de' } },
    ],
  ])('of %j is, for a thread that says %j, %j', (carried, reader, expected) => {
    const call = (deadlineMs: number) => ({ request: { carried } as never, deadlineMs, sentAtMs: 100 })
    expect(extrasOf(call(500), reader)).toEqual(expected)
    const { budgetMs: _, ...rest } = (expected ?? {}) as { budgetMs?: number }
    expect(extrasOf(call(Number.POSITIVE_INFINITY), reader) ?? {}).toEqual(rest)
  })
})

describe('a call made within another', () => {
  const scope = (remainingMs: number | null) => ({ remainingMs, signal: new AbortController().signal })

  it.each([
    [null, null, null],
    [null, 500, 500],
    [300, null, 300],
    [300, 500, 300],
    [300, 100, 100],
    [0, 100, 0],
  ])('has at most what remains: of %s, asking for %s, %s', (remainingMs, timeoutMs, expected) => {
    expect(limitedBy(scope(remainingMs), { signal: undefined, timeoutMs }).timeoutMs).toBe(expected)
  })

  it.each(['its own', 'the outer'] as const)('aborts by %s signal, with its reason', (which) => {
    const own = new AbortController()
    const outer = new AbortController()
    const limits = limitedBy({ remainingMs: null, signal: outer.signal }, { signal: own.signal, timeoutMs: null })
    const aborter = which === 'its own' ? own : outer
    aborter.abort(new RangeError(which))
    expect(limits.signal).toMatchObject({ aborted: true, reason: { message: which } })
  })

  it('has the outer signal when it has none itself, and its own limits outside of a call', () => {
    const outer = scope(5)
    expect(limitedBy(outer, { signal: undefined, timeoutMs: null })).toEqual({ signal: outer.signal, timeoutMs: 5 })
    const limits = { signal: undefined, timeoutMs: 7 }
    expect(limitedBy(undefined, limits)).toBe(limits)
  })
})
