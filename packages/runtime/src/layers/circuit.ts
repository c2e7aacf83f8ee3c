/**
 * When to stop asking a service that fails, as data and two questions: may this call pass, and what follows from how it
 * ended.
 *
 *     CLOSED ── failures ≥ failureRatio of at least minimumCalls within windowMs ──→ OPEN
 *     OPEN ── openMs later, at the next call ──→ HALF_OPEN, which lets `probes` calls through
 *     HALF_OPEN ── all probes succeeded ──→ CLOSED
 *     HALF_OPEN ── one probe failed ──→ OPEN
 *     HALF_OPEN ── openMs later, and a probe has not ended ──→ HALF_OPEN, with new probes
 *
 * Each move begins an era. How a call ends counts in the era in which it began, so one that comes late can't close a
 * circuit that it never tried.
 */
export interface CircuitRules {
  /** From 0, excluded, to 1. */
  readonly failureRatio: number
  readonly minimumCalls: number
  /** @unit milliseconds */
  readonly windowMs: number
  /** @unit milliseconds */
  readonly openMs: number
  readonly probes: number
}

/** Calls that ended within a tenth of the window: what one call costs must not grow with their number. */
interface Slice {
  /** Counts the slices since the beginning of the clock. */
  readonly number: number
  readonly calls: number
  readonly failures: number
}

export const SLICES = 10

export type Circuit =
  | { readonly state: 'CLOSED'; readonly era: number; readonly slices: readonly Slice[] }
  | { readonly state: 'OPEN'; readonly era: number; readonly sinceMs: number; readonly retryAtMs: number }
  | {
      readonly state: 'HALF_OPEN'
      readonly era: number
      /** When it was last CLOSED. */
      readonly sinceMs: number
      /** When new probes are let through. */
      readonly retryAtMs: number
      readonly admitted: number
      readonly succeeded: number
    }

/** `ignored`: it says nothing about the service. */
export type CallEnd = 'succeeded' | 'failed' | 'ignored'

export const CLOSED: Circuit = { state: 'CLOSED', era: 0, slices: [] }

/** @returns whether the call may pass, and the circuit after that */
export function askCircuit(
  circuit: Circuit,
  nowMs: number,
  rules: CircuitRules,
): { readonly isAdmitted: boolean; readonly circuit: Circuit } {
  if (circuit.state === 'CLOSED') return { isAdmitted: true, circuit }
  if (circuit.state === 'HALF_OPEN' && circuit.admitted < rules.probes) {
    return { isAdmitted: true, circuit: { ...circuit, admitted: circuit.admitted + 1 } }
  }
  if (nowMs < circuit.retryAtMs) return { isAdmitted: false, circuit }
  const { era, sinceMs } = circuit
  const retryAtMs = nowMs + rules.openMs
  return {
    isAdmitted: true,
    circuit: { state: 'HALF_OPEN', era: era + 1, sinceMs, retryAtMs, admitted: 1, succeeded: 0 },
  }
}

/** @param era that of the circuit which admitted the call */
export function noteEnd(circuit: Circuit, era: number, end: CallEnd, nowMs: number, rules: CircuitRules): Circuit {
  if (era !== circuit.era) return circuit
  if (circuit.state === 'CLOSED') return end === 'ignored' ? circuit : counted(circuit, end, nowMs, rules)
  if (circuit.state === 'OPEN') return circuit // it admits nobody
  if (end === 'ignored') return { ...circuit, admitted: circuit.admitted - 1 }
  if (end === 'failed') return opened(era, circuit.sinceMs, nowMs, rules)
  const succeeded = circuit.succeeded + 1
  return succeeded >= rules.probes ? { ...CLOSED, era: era + 1 } : { ...circuit, succeeded }
}

function counted({ era, slices }: Circuit & { state: 'CLOSED' }, end: CallEnd, nowMs: number, rules: CircuitRules) {
  const number = Math.floor((nowMs * SLICES) / rules.windowMs)
  const recent = recentOf(slices, number)
  const { calls, failures } = recent.at(-1)?.number === number ? recent.pop()! : NOTHING
  recent.push({ number, calls: calls + 1, failures: failures + (end === 'failed' ? 1 : 0) })
  return isTooMany(recent, rules)
    ? opened(era, nowMs, nowMs, rules)
    : ({ state: 'CLOSED', era, slices: recent } as const)
}

/** A copy: mostly of all, since nothing is past that was not at the call before. */
function recentOf(slices: readonly Slice[], number: number): Slice[] {
  const isRecent = (slice: Slice): boolean => slice.number > number - SLICES
  return slices.length === 0 || isRecent(slices[0]!) ? slices.slice() : slices.filter(isRecent)
}

const NOTHING = { calls: 0, failures: 0 }

function isTooMany(slices: readonly Slice[], { minimumCalls, failureRatio }: CircuitRules): boolean {
  let calls = 0
  let failures = 0
  for (const slice of slices) {
    calls += slice.calls
    failures += slice.failures
  }
  return failures > 0 && calls >= minimumCalls && failures / calls >= failureRatio
}

const opened = (era: number, sinceMs: number, nowMs: number, { openMs }: CircuitRules): Circuit => ({
  state: 'OPEN',
  era: era + 1,
  sinceMs,
  retryAtMs: nowMs + openMs,
})
