/** Asks a question: holds its contests, and makes one result of them. */

import { describeCommit } from './commit.ts'
import { hold, type Stage } from './contest.ts'
import { openConfinement } from './cores.ts'
import { describeMachine } from './machine.ts'
import type { Question } from './question.ts'
import type { Result, ScenarioResult } from './result.ts'

export async function ask(question: Question, stage: Omit<Stage, 'confinement'>): Promise<Result> {
  const machine = describeMachine()
  const date = new Date().toISOString()
  const commit = await describeCommit()
  const confinement = await openConfinement()
  const scenarios: ScenarioResult[] = []
  for (const contest of question.contests) scenarios.push(...(await hold(contest, { ...stage, confinement })))
  return {
    question: question.name,
    machine,
    date,
    ...(commit !== undefined && { commit }),
    node: process.versions.node,
    pace: stage.pace,
    isConfinable: confinement.isPossible,
    scenarios,
  }
}
