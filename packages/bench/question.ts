import type { Pace } from './contest.ts'
import type { Progress } from './progress.ts'

/** One thing a user may want to know, and the way to find out. */
export type Question = {
  /** The word for it on the command line. */
  readonly name: string
  readonly asks: string
  answer(pace: Pace, progress: Progress): Promise<Answer>
}

export type Answer = {
  /** For programs: plain JSON, the stable shape of this question. */
  readonly document: object
  /** For people. */
  readonly text: string
  /** A peer could not be measured. The rest of the answer holds all the same. */
  readonly hasFailures: boolean
}
