/** What a caller may say of a call beside its arguments: `proxy.$with({ signal, timeoutMs }).method(…)`. */
import { BadOptionsError, messageOf, type TraceContext } from '@troupe/worker-host'

export interface CallOptions {
  /**
   * Aborts the call: its caller is rejected at once with the signal's reason, a call that waits is not sent, and the
   * method's own signal, `this.call.signal`, aborts.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Longest time the caller waits for the reply, counted from the call; time in the mailbox counts. For a method that is
   * known to be a stream, the time until its end, without a limit unless one is given here; for a call that turns out to
   * return one, the time until then.
   * @unit milliseconds; `null` waits for ever
   * @defaultValue the pool's `timeoutMs`
   * @throws {DeadlineExceededError} ERR_TROUPE_DEADLINE at the caller; the method is told to abort, and may still finish
   */
  readonly timeoutMs?: number | null
  /**
   * The trace that the call is part of, by W3C Trace Context; the method has it as `this.call.trace`.
   * @defaultValue what the registered trace provider says
   */
  readonly traceparent?: string
  /** Goes with `traceparent`. */
  readonly tracestate?: string
}

const KNOWN: ReadonlySet<string> = new Set(['signal', 'timeoutMs', 'traceparent', 'tracestate'])
/** Version, trace id, parent id, flags; ids of zeros, and the version ff, are invalid. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
export function checkCallOptions(options: CallOptions): CallOptions {
  if (typeof options !== 'object' || options === null) {
    throw new BadOptionsError(`call options must be an object such as { timeoutMs: 500 }, found ${typeof options}`)
  }
  for (const key in options) if (!KNOWN.has(key)) requireKnown(options)
  const { signal, timeoutMs, traceparent, tracestate } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new BadOptionsError(`the call option "signal" must be an AbortSignal, found ${typeof signal}`)
  }
  if (timeoutMs !== undefined) checkTimeout(timeoutMs, 'the call option "timeoutMs"')
  if (traceparent !== undefined && !(typeof traceparent === 'string' && TRACEPARENT.test(traceparent))) {
    throw new BadOptionsError(`the call option "traceparent" must be one of W3C Trace Context, found ${traceparent}`)
  }
  if (tracestate !== undefined && (typeof tracestate !== 'string' || traceparent === undefined)) {
    throw new BadOptionsError('the call option "tracestate" must be a text beside a "traceparent"')
  }
  return options
}

/** Apart, for those who may be wrong: a list of the names is dear, and options may be given for each call. */
function requireKnown(options: CallOptions): void {
  const unknown = Object.keys(options).filter((key) => !KNOWN.has(key))
  if (unknown.length === 0) return
  throw new BadOptionsError(`unknown call option ${unknown.join(', ')}, known: ${[...KNOWN].join(', ')}`)
}

export function traceOf({ traceparent, tracestate }: CallOptions): TraceContext | undefined {
  if (traceparent === undefined) return undefined
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate }
}

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
export function checkTimeout(timeoutMs: number | null, subject: string): number | null {
  if (timeoutMs === null || (typeof timeoutMs === 'number' && timeoutMs > 0)) return timeoutMs
  const shown = typeof timeoutMs === 'string' ? `the text "${timeoutMs}"` : messageOf(timeoutMs)
  throw new BadOptionsError(`${subject} must be a number of milliseconds above 0, or null for none, found ${shown}`)
}

/** A call made for another one has at most the time that is left of that; `null` is no limit. */
export function leastMs(a: number | null, b: number | null): number | null {
  if (a === null) return b
  return b === null ? a : Math.min(a, b)
}
