/**
 * All peers against each other in one run: opened together, warmed up, then measured in turns, round after round, so
 * that a drift of the machine hits all of them alike. A peer that fails stays in the list with the reason and is left
 * out of the rounds that follow.
 *
 * Peers stay open while others are measured. That is fair as long as an idle peer costs nothing: each of these was
 * seen below 0.1 % of one core.
 */
import type { Confinement, Cores } from './cores.ts'
import { type Measure, type Timing, verifyReplies } from './measure.ts'
import { type Adder, type Peer, versionOf } from './peers.ts'
import type { Progress } from './progress.ts'
import { within } from './within.ts'

/** How thorough a run is. */
export type Pace = {
  readonly rounds: number
  /** Length of one peer's turn at one discipline in one round. */
  readonly turnMs: number
  /** What each peer gets per discipline before anything counts: the time that both threads' compilers need. */
  readonly warmUpMs: number
}

/** What is measured, and on how many cores. */
export type Discipline = { readonly measure: Measure; readonly cores: Cores }

export type Contest<Name extends string> = {
  readonly peers: readonly Peer[]
  readonly disciplines: Record<Name, Discipline>
  readonly confinement: Confinement
  readonly pace: Pace
  readonly progress: Progress
}

/** A peer's results: one timing per round for each discipline, or the reason why there are none. */
export type Entry<Name extends string> = {
  readonly peer: Peer
  readonly version: string
  readonly timings: Record<Name, Timing[]>
  failure: string | null
}

type Contestant<Name extends string> = Entry<Name> & { adder: Adder | null }

/** Longest time for one step of one peer. Four of these libraries let a call wait for ever when its thread dies. */
const STEP_MS = 10_000

/** Untimed start of each turn: it wakes the sleeping thread and fills the caches that the peer before has emptied. */
const LEAD_IN_MS = 5

export async function hold<Name extends string>(contest: Contest<Name>): Promise<Entry<Name>[]> {
  const { disciplines, peers, confinement, pace, progress } = contest
  const names = Object.keys(disciplines) as Name[]
  const contestants = await Promise.all(peers.map((peer) => register(peer, names)))

  for (const contestant of contestants) {
    progress('opening', contestant.peer.name)
    await attempt(contestant, () => open(contestant))
  }
  for (const name of names) {
    progress('warming up', name)
    await confinement.confineTo(disciplines[name].cores)
    for (const contestant of contestants) {
      await attempt(contestant, () => disciplines[name].measure(contestant.adder!, pace.warmUpMs))
    }
  }
  for (let round = 0; round < pace.rounds; round++) {
    progress('measuring', `round ${round + 1} of ${pace.rounds}`)
    // There and back: nobody always runs on the heap that the same neighbour left behind.
    const order = round % 2 === 0 ? contestants : contestants.toReversed()
    for (const name of names) {
      await confinement.confineTo(disciplines[name].cores)
      for (const contestant of order) {
        await attempt(contestant, () => takeTurn(contestant, name, contest))
      }
    }
  }
  await confinement.confineTo('all')
  for (const contestant of contestants) {
    progress('closing', contestant.peer.name)
    await close(contestant)
  }
  return contestants
}

async function register<Name extends string>(peer: Peer, names: readonly Name[]): Promise<Contestant<Name>> {
  const timings = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Timing[]>
  return { peer, version: await versionOf(peer), timings, failure: null, adder: null }
}

async function open(contestant: Contestant<string>): Promise<void> {
  contestant.adder = await contestant.peer.open()
  await verifyReplies(contestant.adder)
}

async function takeTurn<Name extends string>(
  { adder, timings }: Contestant<Name>,
  name: Name,
  { disciplines, pace }: Contest<Name>,
): Promise<void> {
  const { measure } = disciplines[name]
  await measure(adder!, LEAD_IN_MS)
  timings[name].push(await measure(adder!, pace.turnMs))
}

async function attempt(contestant: Contestant<string>, step: () => Promise<unknown>): Promise<void> {
  if (contestant.failure !== null) return
  contestant.failure = await failureOf(step)
  // At once and not at the end: what it left behind, a pool that starts one dying worker after another perhaps, would
  // take time from the others' turns.
  if (contestant.failure !== null) await close(contestant)
}

async function close(contestant: Contestant<string>): Promise<void> {
  const { adder } = contestant
  contestant.adder = null
  const failure = await failureOf(async () => adder?.close())
  if (failure !== null) contestant.failure ??= `close: ${failure}`
}

/**
 * Some libraries raise a broken worker as an `error` event that nobody hears, which would end the whole run. Only one
 * peer is at work at a time, so what is uncaught meanwhile is its failure.
 */
async function failureOf(step: () => Promise<unknown>): Promise<string | null> {
  const { promise: uncaught, reject } = Promise.withResolvers<never>()
  process.on('uncaughtException', reject)
  try {
    await within(STEP_MS, Promise.race([step(), uncaught]))
    return null
  } catch (error) {
    return messageOf(error)
  } finally {
    process.off('uncaughtException', reject)
  }
}

function messageOf(error: unknown): string {
  const [line] = String(error instanceof Error ? error.message : error).split('\n')
  return line || 'failed without a message'
}
