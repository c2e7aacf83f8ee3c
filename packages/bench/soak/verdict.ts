/** Whether what was seen over a long run is flat. */

/** After a round, with everything answered and the garbage collected. */
export interface Sample {
  /** @unit bytes */
  readonly ownerHeapBytes: number
  /** @unit bytes */
  readonly threadHeapBytes: number
  /** What keeps the owner's process busy: ports, timers, sockets. */
  readonly handles: number
  /** Calls and streams that the owner believes to be under way. */
  readonly unanswered: number
}

/** More is growth: over ten million calls it would be a tenth of a byte for each. What is compiled takes less. */
const FLAT_BYTES = 1_048_576

/**
 * The lowest of the last third against the lowest of the first, so that one round's mood decides nothing. The first
 * round of all is left out: there code is compiled, and buffers grow to their size.
 *
 * @returns what is wrong; nothing for a flat run
 */
export function growthIn([, ...samples]: readonly Sample[]): string[] {
  const third = Math.max(1, Math.floor(samples.length / 3))
  const [first, last] = [samples.slice(0, third), samples.slice(-third)]
  const problems: string[] = []
  for (const heap of ['ownerHeapBytes', 'threadHeapBytes'] as const) {
    const [before, after] = [least(first, heap), least(last, heap)]
    if (after - before > FLAT_BYTES) problems.push(`${heap} grew by ${after - before}, from ${before} to ${after}`)
  }
  const [before, after] = [least(first, 'handles'), least(last, 'handles')]
  if (after > before) problems.push(`handles grew from ${before} to ${after}`)
  const unanswered = Math.max(...samples.map((sample) => sample.unanswered))
  if (unanswered > 0) problems.push(`${unanswered} calls were unanswered after a round`)
  return problems
}

const least = (samples: readonly Sample[], field: keyof Sample): number =>
  Math.min(...samples.map((sample) => sample[field]))
