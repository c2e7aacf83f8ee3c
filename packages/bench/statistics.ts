/** Numbers of many rounds made into one. Medians, because a neighbour's burst of work must not move the result. */

export type Spread = { readonly median: number; readonly min: number; readonly max: number }

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/**
 * The median of the ratios within each round, and not the ratio of the medians: both sides of one round were measured
 * within the same few seconds, so what slowed the machine then slowed both and cancels out.
 */
export function medianRatio(values: readonly number[], base: readonly number[]): number {
  return median(values.map((value, round) => value / base[round]!))
}

/** The quartiles: half of the values lie between them. */
export function middleHalf(values: readonly number[]): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => {
    const place = share * (sorted.length - 1)
    const below = sorted[Math.floor(place)]!
    return below + (sorted[Math.ceil(place)]! - below) * (place % 1)
  }
  return [at(0.25), at(0.75)]
}
