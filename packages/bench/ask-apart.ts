/** Asks a question in a process of its own, with the bench that is in that folder. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Result } from './result.ts'

/**
 * A contestant that failed is a row without numbers, told by exit code 1; so what counts is the answer.
 *
 * @param folder the root of a clone
 * @param args of the command line; it is asked for one JSON document
 * @param telling where the progress goes
 */
export async function askApart(
  folder: string,
  args: readonly string[],
  telling: 'inherit' | 'ignore',
): Promise<Result> {
  const main = join(folder, 'packages', 'bench', 'main.ts')
  const asked = spawn(process.execPath, [main, ...args, '--json'], { stdio: ['ignore', 'pipe', telling] })
  const answer = await text(asked.stdout)
  try {
    return JSON.parse(answer)
  } catch (cause) {
    throw new Error(`"bench ${args.join(' ')}" was not answered: ${answer.slice(0, 200)}`, { cause })
  }
}
