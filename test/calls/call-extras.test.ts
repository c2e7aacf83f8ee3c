import { describe, expect, it } from 'vitest'
import { extrasOf } from '../../packages/runtime/src/calls/call-extras.ts'
import { leastMs } from '../../packages/runtime/src/calls/call-options.ts'

const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
const stores = { tenant: 'acme', locale: 'de' }

/** All that a call could bring, and what of it is sent to a thread that reads its calls, or has registered a store. */
describe('what is sent with a call', () => {
  it.each([
    [{}, { readsCalls: false, stores: [] }, undefined],
    [{}, { readsCalls: true, stores: ['tenant'] }, 400],
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
    const call = (deadlineMs: number) => ({ terms: { carried } as never, deadlineMs })
    expect(extrasOf(call(500), 100, reader)).toEqual(expected)
    const { budgetMs: _, ...rest } = Object(expected ?? {}) as { budgetMs?: number }
    expect(extrasOf(call(Number.POSITIVE_INFINITY), 100, reader) ?? {}).toEqual({ ...rest })
  })
})

it.each([
  [0.9, 0],
  [1.5, 1],
  [399.999, 399],
])('of %s ms that are left, %s are told: a budget never grows on its way', (leftMs, told) => {
  const call = (carried: object) => ({ terms: { carried } as never, deadlineMs: leftMs })
  const reader = { readsCalls: true, stores: [] }
  expect(extrasOf(call({}), 0, reader)).toBe(told)
  expect(extrasOf(call({ trace }), 0, reader)).toEqual({ budgetMs: told, trace })
})

describe('a call made within another', () => {
  it.each([
    [null, null, null],
    [null, 500, 500],
    [300, null, 300],
    [300, 500, 300],
    [300, 100, 100],
    [0, 100, 0],
  ])('has at most what remains: of %s, asking for %s, %s', (remainingMs, timeoutMs, expected) => {
    expect(leastMs(remainingMs, timeoutMs)).toBe(expected)
  })
})
