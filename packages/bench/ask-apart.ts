/**
 * Asks a question in a process of its own: what the questions before it have left in this one, compiled code and memory, would
 * be measured with it.
 */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Question } from './question.ts'
import type { Result } from './result.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

export async function askApart({ name }: Question, pace: string, only: readonly string[] | undefined): Promise<Result> {
  const options = ['--json', '--pace', pace, ...(only === undefined ? [] : ['--only', ...only])]
  const asked = spawn(process.execPath, [MAIN, name, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  const answer = await text(asked.stdout)
  try {
    return JSON.parse(answer)
  } catch (cause) {
    throw new Error(`"${name}" was not answered: ${answer.slice(0, 200)}`, { cause })
  }
}
