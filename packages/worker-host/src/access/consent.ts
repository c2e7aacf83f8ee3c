/**
 * What counts as consent of those whom authors let judge, policies and activators: `true`, and nothing else.
 *
 * Whoever is refused is told no more than that, and must not be able to do harm by asking: what a judge throws becomes a
 * warning, one for each of them, and what its promise rejects with, which would end the thread, is nobody's.
 */
import { types } from 'node:util'
import { messageOf } from '../errors/catalogue.ts'

const warned = new Set<string>()

/**
 * @param verdict what is not `true`
 * @param judge whose it is, in words: `a policy of "till.refund"`
 * @returns false: it is no consent
 */
export function refusedBy(verdict: unknown, judge: string): false {
  if (types.isPromise(verdict)) {
    Promise.prototype.then.call(verdict, undefined, () => {}) // its own `catch` could be anything
    warnOnce(judge, 'answered with a promise, which is no consent')
  }
  return false
}

/** The same for what was thrown in place of a verdict. */
export function refusedByThrowing(thrown: unknown, judge: string): false {
  warnOnce(judge, `threw: ${messageOf(thrown)}`, stackOf(thrown))
  return false
}

function warnOnce(judge: string, what: string, detail?: string): void {
  if (warned.has(judge)) return
  warned.add(judge)
  process.emitWarning(`${judge} ${what}`, { code: 'TROUPE_POLICY', ...(detail !== undefined && { detail }) })
}

function stackOf(thrown: unknown): string | undefined {
  try {
    return thrown instanceof Error && typeof thrown.stack === 'string' ? thrown.stack : undefined
  } catch {
    return undefined // a getter can throw too
  }
}
