/**
 * How calls are timed. A measure fills a stretch of time with calls and gives one number. Stretches are short and many,
 * not long and few: a machine's mood lasts seconds, and a median over many rounds forgets it.
 *
 * Every counted call adds `n` and 1 and its reply goes into a checksum, so a peer cannot be fast by being wrong.
 */
import type { Closable, Turn } from './question.ts'

export type Adder = Closable & { add(a: number, b: number): Promise<number> }

/** Each call waits for the reply of the one before it. @returns µs a call */
export async function oneAfterAnother(adder: Adder, { forMs }: Turn): Promise<number> {
  const startMs = performance.now()
  let calls = 0
  let checksum = 0
  let ms: number
  do {
    checksum += await adder.add(calls, 1)
    calls++
    ms = performance.now() - startMs
  } while (ms < forMs)
  verifyChecksum(checksum, triangular(calls))
  return (ms * 1_000) / calls
}

/**
 * Waves of `depth` calls made at once, each wave after the last reply of the one before it. `depth` endless loops with
 * one call each would never drain the queue; they gave the same rates within 13 % (threads: 0.63), so the plainer counts.
 *
 * @returns µs a call
 */
export async function inFlight(adder: Adder, depth: number, turn: Turn): Promise<number> {
  const { calls, ms } = await waves(adder, depth, turn)
  return (ms * 1_000) / calls
}

/**
 * The processor's time for a call in such waves, of all threads together: what a feature costs, also on a machine where
 * others are at work. There the time by the clock was seen to vary tenfold from round to round, and this one far less.
 *
 * @returns µs a call
 */
export async function inFlightCpu(adder: Adder, depth: number, turn: Turn): Promise<number> {
  const before = process.cpuUsage()
  const { calls } = await waves(adder, depth, turn)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

async function waves(adder: Adder, depth: number, { forMs }: Turn): Promise<{ calls: number; ms: number }> {
  const startMs = performance.now()
  let calls = 0
  let checksum = 0
  let ms: number
  do {
    const replies: Promise<number>[] = []
    for (let n = 0; n < depth; n++) replies.push(adder.add(n, 1))
    for (const sum of await Promise.all(replies)) checksum += sum
    calls += depth
    ms = performance.now() - startMs
  } while (ms < forMs)
  verifyChecksum(checksum, (calls / depth) * triangular(depth))
  return { calls, ms }
}

/** Repeats the act, one after another. @returns µs an act */
export async function repeated(act: () => Promise<unknown>, { forMs }: Turn): Promise<number> {
  const startMs = performance.now()
  let acts = 0
  let ms: number
  do {
    await act()
    acts++
    ms = performance.now() - startMs
  } while (ms < forMs)
  return (ms * 1_000) / acts
}

/** Every reply belongs to its own call, also when a thousand are out at once and when the sum is falsy or negative. */
export async function verifyReplies(adder: Adder): Promise<void> {
  const pairs = [[1, 2], [0, 0], [-5, 2], ...Array.from({ length: 1_000 }, (_, n) => [n, 1])] as [number, number][]
  const sums = await Promise.all(pairs.map(([a, b]) => adder.add(a, b)))
  for (const [at, [a, b]] of pairs.entries()) {
    if (sums[at] !== a + b) throw new Error(`add(${a}, ${b}) answered ${sums[at]}, expected ${a + b}`)
  }
}

function verifyChecksum(found: number, expected: number): void {
  if (found !== expected) throw new Error(`the replies add up to ${found}, expected ${expected}`)
}

function triangular(n: number): number {
  return (n * (n + 1)) / 2
}
