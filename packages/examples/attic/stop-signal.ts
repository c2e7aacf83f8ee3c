/** Ctrl-C and SIGTERM: the first asks for a clean end, a later one ends the process at once. */

// Under `npm run` one Ctrl-C arrives twice, from the terminal and again from npm.
const SAME_KEYSTROKE_MS = 500

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

type StopSignalName = keyof typeof EXIT_CODES

/** The reason that the signal aborts with. */
export class Stopped extends Error {
  readonly exitCode: number
  constructor(by: StopSignalName) {
    super(`stopped by ${by}`)
    this.exitCode = EXIT_CODES[by]
  }
}

/** Listens as long as the process lives, so that nothing is cut off by a signal that comes late. */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController()
  let firstAtMs = 0
  const stop = (by: StopSignalName): void => {
    if (!stopping.signal.aborted) {
      firstAtMs = performance.now()
      stopping.abort(new Stopped(by))
    } else if (performance.now() - firstAtMs > SAME_KEYSTROKE_MS) process.exit(EXIT_CODES[by])
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  return stopping.signal
}
