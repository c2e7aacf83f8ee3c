/**
 * What a question is. Each file in `questions/` exports one as `question`, with all that belongs to it: who takes part,
 * what is measured, what must come out. To ask something new, add a file there.
 */
import type { BudgetLine } from './budget.ts'
import type { Cores } from './cores.ts'

export type Question = {
  /** The word for it on the command line, and its file's name. */
  readonly name: string
  readonly asks: string
  /** What a reader must know to read the numbers, in sentences. */
  readonly notes: readonly string[]
  readonly contests: readonly Contest[]
  readonly budget: readonly BudgetLine[]
}

/** All that take part in a question, those of several contests more than once. */
export function contestantsOf({ contests }: Question): readonly Contestant<Closable>[] {
  return contests.flatMap(({ contestants }) => contestants)
}

/** Contestants that do the same things, so that each scenario can be measured with all of them. */
export type Contest<Subject extends Closable = Closable> = {
  readonly contestants: readonly Contestant<Subject>[]
  readonly scenarios: readonly Scenario<Subject>[]
}

/** What takes part: a peer, or one of the ways to do something with Troupe. */
export type Contestant<Subject extends Closable> = {
  readonly name: string
  /** The package whose version stands in the result; `null` for plain Node. */
  readonly from: string | null
  /** Loads its library not before this, so that one that can't be loaded fails in its own row and leaves the others alone. */
  open(pace: Pace): Promise<Subject>
}

/** After `close` nothing of it keeps the process alive. */
export type Closable = { close(): Promise<void> }

/** One number about each contestant. */
export type Scenario<Subject extends Closable> = {
  readonly name: string
  /** Of the number, such as `µs/call`. */
  readonly unit: string
  readonly better: 'less' | 'more'
  readonly cores: Cores
  /** The contestant that the others are compared with. */
  readonly base: string
  /** For what takes seconds: measured `pace.costlyRounds` times, without warming up. */
  readonly isCostly?: boolean
  /** @throws {NotOffered} when the contestant has no way to do this */
  // A method, not a function property: so a scenario of one subject stands in a list of scenarios of any.
  measure(subject: Subject, turn: Turn): Promise<number>
}

export type Turn = { readonly forMs: number; readonly pace: Pace }

/** A contestant can't do what is asked, by design: no failure, and said in its row. */
export class NotOffered extends Error {}

/** How thorough a run is. */
export type Pace = {
  readonly name: 'thorough' | 'brisk' | 'quick'
  readonly rounds: number
  readonly costlyRounds: number
  /** Untimed start of each turn: it wakes the sleeping thread and fills the caches that the one before has emptied. */
  readonly leadInMs: number
  /** Length of one contestant's turn in one round. */
  readonly turnMs: number
  /** What each gets before anything counts: the time that both threads' compilers need. */
  readonly warmUpMs: number
  /** Services in a question about many of them. */
  readonly many: number
}

export const THOROUGH: Pace = {
  name: 'thorough',
  rounds: 21,
  costlyRounds: 5,
  leadInMs: 5,
  turnMs: 100,
  warmUpMs: 400,
  many: 200,
}

/** Rough, for a look and for the tests. */
export const QUICK: Pace = {
  name: 'quick',
  rounds: 3,
  costlyRounds: 1,
  leadInMs: 0,
  turnMs: 15,
  warmUpMs: 30,
  many: 10,
}

/** For one turn of a comparison, which has many turns. */
export const BRISK: Pace = {
  name: 'brisk',
  rounds: 5,
  costlyRounds: 1,
  leadInMs: 5,
  turnMs: 40,
  warmUpMs: 200,
  many: 20,
}
