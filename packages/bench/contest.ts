/**
 * All contestants against each other in one run: opened together, then for each scenario warmed up and measured in
 * turns, round after round, so that a drift of the machine hits all of them alike. One that fails stays in the list
 * with the reason and is left out of what follows.
 *
 * Contestants stay open while others are measured. That is fair as long as an idle one costs nothing: each of the
 * peers was seen below 0.1 % of one core.
 */
import type { Confinement } from './cores.ts'
import type { Progress } from './progress.ts'
import { type Closable, type Contest, type Contestant, NotOffered, type Pace, type Scenario } from './question.ts'
import { type Entry, type ScenarioResult, scenarioResult } from './result.ts'
import { versionOf } from './version-of.ts'
import { within } from './within.ts'

/** What all contests of a run share. */
export type Stage = {
  readonly pace: Pace
  readonly confinement: Confinement
  readonly progress: Progress
  /** The contestants to open; `null` for all. */
  readonly only: readonly string[] | null
}

type Player = {
  readonly contestant: Contestant<Closable>
  readonly version: string
  subject: Closable | null
  failure: string | null
}

type Reading = { readonly rounds: number[]; absent: string | null }

/** Longest time for one step. Four of the peers let a call wait for ever when its thread dies. */
const STEP_MS = 60_000

export async function hold(contest: Contest, stage: Stage): Promise<ScenarioResult[]> {
  const { only, progress, confinement } = stage
  const contestants = contest.contestants.filter(({ name }) => only === null || only.includes(name))
  if (contestants.length === 0) return [] // and no empty tables
  const players = await Promise.all(contestants.map(register))
  for (const player of players) {
    progress('opening', player.contestant.name)
    await attempt(player, async () => {
      player.subject = await player.contestant.open(stage.pace)
    })
  }
  const results: ScenarioResult[] = []
  for (const scenario of contest.scenarios) results.push(await play(scenario, players, stage))
  await confinement.confineTo('all')
  for (const player of players) {
    progress('closing', player.contestant.name)
    await close(player)
  }
  return results
}

async function play(
  scenario: Scenario<Closable>,
  players: readonly Player[],
  { pace, confinement, progress }: Stage,
): Promise<ScenarioResult> {
  const { isCostly = false } = scenario
  const readings = new Map(players.map((player): [Player, Reading] => [player, { rounds: [], absent: null }]))
  const read = async (player: Player, forMs: number): Promise<number | undefined> => {
    const reading = readings.get(player)!
    if (reading.absent !== null) return undefined
    return attempt(player, async () => {
      try {
        return await scenario.measure(player.subject!, { forMs, pace })
      } catch (error) {
        if (!(error instanceof NotOffered)) throw error
        reading.absent = error.message
      }
    })
  }

  await confinement.confineTo(scenario.cores)
  progress(scenario.name, 'warming up')
  if (!isCostly) for (const player of players) await read(player, pace.warmUpMs)
  for (let round = 0; round < (isCostly ? pace.costlyRounds : pace.rounds); round++) {
    progress(scenario.name, `round ${round + 1}`)
    // There and back: nobody always runs on the heap that the same neighbour left behind.
    for (const player of round % 2 === 0 ? players : players.toReversed()) {
      if (!isCostly && pace.leadInMs > 0) await read(player, pace.leadInMs)
      const value = await read(player, pace.turnMs)
      if (value !== undefined) readings.get(player)!.rounds.push(value)
    }
  }
  return scenarioResult(
    scenario,
    players.map((player) => entryOf(player, readings.get(player)!)),
  )
}

function entryOf({ contestant, version, failure }: Player, { rounds, absent }: Reading): Entry {
  const { name, from } = contestant
  const source = { name, from, version }
  if (absent !== null) return { ...source, absent }
  return failure === null ? { ...source, rounds } : { ...source, error: failure }
}

async function register(contestant: Contestant<Closable>): Promise<Player> {
  return { contestant, version: await versionOf(contestant.from), subject: null, failure: null }
}

async function attempt<T>(player: Player, step: () => Promise<T>): Promise<T | undefined> {
  if (player.failure !== null) return undefined
  try {
    return await watched(step)
  } catch (error) {
    player.failure = messageOf(error)
    // At once and not at the end: what it left behind, a pool that starts one dying worker after another perhaps, would
    // take time from the others' turns.
    await close(player)
    return undefined
  }
}

async function close(player: Player): Promise<void> {
  const { subject } = player
  player.subject = null
  try {
    await watched(async () => subject?.close())
  } catch (error) {
    player.failure ??= `close: ${messageOf(error)}`
  }
}

/**
 * Some libraries raise a broken worker as an `error` event that nobody hears, which would end the whole run. Only one
 * contestant is at work at a time, so what is uncaught meanwhile is its failure.
 */
async function watched<T>(step: () => Promise<T>): Promise<T> {
  const { promise: uncaught, reject } = Promise.withResolvers<never>()
  process.on('uncaughtException', reject)
  try {
    return await within(STEP_MS, Promise.race([step(), uncaught]))
  } finally {
    process.off('uncaughtException', reject)
  }
}

function messageOf(error: unknown): string {
  const [line] = String(error instanceof Error ? error.message : error).split('\n')
  return line || 'failed without a message'
}
