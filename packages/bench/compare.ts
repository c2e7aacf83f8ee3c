/**
 * Two versions of the runtime beside each other: the one in this clone, and the one of a commit, which is checked out
 * and built in a folder of its own. Both are asked by this clone's bench, in processes that take turns.
 */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { askApart } from './ask-apart.ts'
import { comparisonText } from './comparison.ts'
import { openProgress, type Progress } from './progress.ts'
import { contestantsOf, type Question } from './question.ts'
import type { Result } from './result.ts'

export type Comparison = {
  /** A commit, by whatever name git knows it. */
  readonly base: string
  readonly quick?: boolean
  /** By default all that is Troupe's. */
  readonly only?: readonly string[]
}

const ROUNDS = { quick: 5, thorough: 7 }

const root = dirname(dirname(import.meta.dirname))
const run = promisify(execFile)

/** @returns a table for each question: what each scenario gave here and there, and the ratio of the two. */
export async function compare(
  questions: readonly Question[],
  { base, quick = false, only }: Comparison,
): Promise<string> {
  const other = await checkOut(base)
  const flags = ['--pace', quick ? 'brisk' : 'thorough', '--only']
  const rounds = quick ? ROUNDS.quick : ROUNDS.thorough
  const texts: string[] = []
  try {
    for (const question of questions) {
      const contestants = contestantsOf(question)
        .filter(({ name, from }) => only?.includes(name) ?? from === '@troupe/runtime')
        .map(({ name }) => name)
      const args = [question.name, ...flags, ...new Set(contestants)]
      const line = openProgress(`${question.name}, compared with ${base}`)
      const turns = await takeTurns(args, other.folder, rounds, line.progress).finally(() => line.close())
      texts.push(comparisonText({ question: question.name, base, ...turns }))
    }
  } finally {
    await other.remove()
  }
  return texts.join('\n\n')
}

async function takeTurns(args: readonly string[], other: string, rounds: number, progress: Progress) {
  const turns = { here: [] as Result[], there: [] as Result[] }
  for (let round = 0; round < rounds; round++) {
    progress('measuring', `round ${round + 1}`)
    // There and back, as within a contest.
    for (const side of round % 2 === 0 ? (['here', 'there'] as const) : (['there', 'here'] as const)) {
      turns[side].push(await askApart(side === 'here' ? root : other, args, 'ignore'))
    }
  }
  return turns
}

/** The commit's tree with everything installed and built, and this clone's bench in the place of its own. */
async function checkOut(commit: string): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-bench-'))
  const progress: Progress = openProgress(`compare with ${commit}`).progress
  const remove = async () => {
    await run('git', ['worktree', 'remove', '--force', folder], { cwd: root }).catch(() => {}) // it was never made
    await rm(folder, { recursive: true, force: true })
  }
  try {
    progress('checking out', commit)
    await run('git', ['worktree', 'add', '--detach', '--force', folder, commit], { cwd: root })
    progress('building', commit)
    await run('npm', ['run', 'setup'], { cwd: folder })
    const bench = join('packages', 'bench')
    await cp(join(root, bench), join(folder, bench), {
      recursive: true,
      filter: (source) => !source.includes('node_modules'),
    })
  } catch (error) {
    await remove()
    throw error
  }
  return { folder, remove }
}
