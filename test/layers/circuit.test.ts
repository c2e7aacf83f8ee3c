import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  askCircuit,
  type CallEnd,
  type Circuit,
  type CircuitRules,
  CLOSED,
  noteEnd,
  SLICES,
} from '../../packages/runtime/src/layers/circuit.ts'

const rules: CircuitRules = { failureRatio: 0.5, minimumCalls: 4, windowMs: 1_000, openMs: 300, probes: 2 }
const NOW = 10_000
const open: Circuit = { state: 'OPEN', era: 1, sinceMs: NOW - 100, retryAtMs: NOW + 200 }
const half: Circuit = { ...open, state: 'HALF_OPEN', era: 2, admitted: 2, succeeded: 0 }
const fresh = { state: 'HALF_OPEN', sinceMs: NOW - 100, retryAtMs: NOW + 300, admitted: 1, succeeded: 0 }

describe('askCircuit', () => {
  it.each([
    ['CLOSED', CLOSED, true, CLOSED],
    ['OPEN', open, false, open],
    ['OPEN, until now', { ...open, retryAtMs: NOW }, true, { ...fresh, era: 2 }],
    ['HALF_OPEN, with all probes out', half, false, half],
    ['HALF_OPEN, with a probe left', { ...half, admitted: 1 }, true, half],
    ['HALF_OPEN, with a probe that never ended', { ...half, retryAtMs: NOW }, true, { ...fresh, era: 3 }],
  ] as const)('%s', (_, circuit, isAdmitted, next) => {
    expect(askCircuit(circuit, NOW, rules)).toEqual({ isAdmitted, circuit: next })
  })
})

const number = (NOW * SLICES) / rules.windowMs
const closed = (...slices: (readonly [number: number, calls: number, failures: number])[]): Circuit => ({
  state: 'CLOSED',
  era: 0,
  slices: slices.map(([ago, calls, failures]) => ({ number: number - ago, calls, failures })),
})
const opened = { state: 'OPEN', era: 1, sinceMs: NOW, retryAtMs: NOW + 300 }

describe('noteEnd', () => {
  it.each([
    ['below the minimum volume', closed([0, 2, 2]), 'failed', closed([0, 3, 3])],
    ['at the minimum volume', closed([0, 3, 1]), 'failed', opened],
    ['at the minimum volume, below the ratio', closed([0, 3, 0]), 'failed', closed([0, 4, 1])],
    ['at the minimum volume, by a success', closed([0, 3, 2]), 'succeeded', opened],
    ['in two slices', closed([9, 2, 1], [0, 1, 0]), 'failed', opened],
    ['with a slice that is past', closed([10, 2, 1], [0, 1, 0]), 'failed', closed([0, 2, 1])],
    ['ignored', closed([0, 3, 3]), 'ignored', closed([0, 3, 3])],
    ['HALF_OPEN, the first probe', half, 'succeeded', { ...half, succeeded: 1 }],
    ['HALF_OPEN, the last probe', { ...half, succeeded: 1 }, 'succeeded', { ...CLOSED, era: 3 }],
    ['HALF_OPEN, a failing probe', half, 'failed', { ...opened, era: 3, sinceMs: NOW - 100 }],
    ['HALF_OPEN, a probe that tells nothing', half, 'ignored', { ...half, admitted: 1 }],
  ] as const)('%s: %o', (_, circuit, end, next) => {
    expect(noteEnd(circuit, circuit.era, end, NOW, rules)).toEqual(next)
  })

  it.each([closed([0, 3, 3]), open, half])('of a call of an earlier era changes nothing: %o', (circuit) => {
    for (const end of ['succeeded', 'failed', 'ignored'] as const) {
      expect(noteEnd(circuit, circuit.era - 1, end, NOW, rules)).toBe(circuit)
    }
  })
})

/** What a circuit is to do, with every call remembered. */
class Model {
  state = 'CLOSED'
  era = 0
  #retryAtMs = 0
  #probes = { out: 0, good: 0 }
  #ends: { slice: number; end: CallEnd }[] = []

  ask(nowMs: number): boolean {
    if (this.state === 'CLOSED') return true
    if (this.state === 'OPEN' || this.#probes.out >= rules.probes) {
      if (nowMs < this.#retryAtMs) return false
      this.#become('HALF_OPEN', nowMs + rules.openMs)
    }
    return this.#probes.out++ < rules.probes
  }

  end(era: number, end: CallEnd, nowMs: number): void {
    if (era !== this.era) return
    if (end === 'ignored') this.#probes.out--
    else if (this.state === 'HALF_OPEN' && end === 'failed') this.#become('OPEN', nowMs + rules.openMs)
    else if (this.state === 'HALF_OPEN' && ++this.#probes.good === rules.probes) this.#become('CLOSED', 0)
    else if (this.state === 'CLOSED') this.#count(Math.floor(nowMs / (rules.windowMs / SLICES)), end, nowMs)
  }

  #count(slice: number, end: CallEnd, nowMs: number): void {
    this.#ends.push({ slice, end })
    const recent = this.#ends.filter((other) => other.slice > slice - SLICES)
    const failed = recent.filter((other) => other.end === 'failed').length
    if (recent.length >= rules.minimumCalls && failed >= recent.length * rules.failureRatio) {
      this.#become('OPEN', nowMs + rules.openMs)
    }
  }

  #become(state: string, retryAtMs: number): void {
    this.era++
    this.state = state
    this.#retryAtMs = retryAtMs
    this.#probes = { out: 0, good: 0 }
    this.#ends = []
  }
}

const anyStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ passMs: fc.nat(250) }) },
  { weight: 5, arbitrary: fc.constant('ask' as const) },
  {
    weight: 5,
    arbitrary: fc.record({
      nth: fc.nat(5),
      end: fc.constantFrom('succeeded', 'failed', 'failed', 'ignored') as fc.Arbitrary<CallEnd>,
    }),
  },
)

describe('a circuit', () => {
  it('does what a model does that remembers every call', () => {
    const visited = new Set<string>()
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 150, size: 'max' }), (steps) => {
        const model = new Model()
        let circuit = CLOSED
        let nowMs = 0
        const out: number[] = []
        for (const step of steps) {
          if (step === 'ask') {
            const asked = askCircuit(circuit, nowMs, rules)
            circuit = asked.circuit
            expect(asked.isAdmitted).toBe(model.ask(nowMs))
            if (asked.isAdmitted) out.push(circuit.era)
          } else if ('passMs' in step) nowMs += step.passMs
          else if (out.length > 0) {
            const [era] = out.splice(step.nth % out.length, 1) as [number]
            circuit = noteEnd(circuit, era, step.end, nowMs, rules)
            model.end(era, step.end, nowMs)
          }
          expect([circuit.state, circuit.era]).toEqual([model.state, model.era])
          visited.add(circuit.state)
        }
      }),
      { numRuns: 500 },
    )
    expect([...visited].sort()).toEqual(['CLOSED', 'HALF_OPEN', 'OPEN'])
  })
})
