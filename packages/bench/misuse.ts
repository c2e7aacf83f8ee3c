/** What is asked for on the command line, and can't be: decided before anything is measured. */
import { contestantsOf, type Question, THOROUGH } from './question.ts'

export type Wish = {
  /** The questions' names; none for all of them. */
  readonly names: readonly string[]
  readonly pace: string
  readonly only?: readonly string[]
  readonly save?: boolean
  readonly json?: boolean
  /** A commit's name. */
  readonly compare?: string
}

/** @returns one line that says what is wrong, `null` when nothing is */
export function misuse({ names, pace, only = [], save, json, compare }: Wish, questions: readonly Question[]) {
  const known = questions.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) return `unknown question ${quoted(unknown)}, known: ${known.join(', ')}`

  const asked = questions.filter(({ name }) => names.length === 0 || names.includes(name))
  const contestants = [...new Set(asked.flatMap(contestantsOf).map(({ name }) => name))]
  const strangers = only.filter((name) => !contestants.includes(name))
  if (strangers.length > 0) return `unknown contestant ${quoted(strangers)}, known: ${contestants.join(', ')}`

  const isWhole = pace === THOROUGH.name && only.length === 0 && compare === undefined
  if (save && !isWhole)
    return '--save keeps whole, thorough runs only: it has no --quick, no other --pace, no --only, no --compare'
  if (json && compare !== undefined) return '--compare prints a table, and has no --json'
  return null
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
