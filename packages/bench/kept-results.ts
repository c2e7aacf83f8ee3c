/** Results as files, and the page that is made of them. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { performancePage } from './page.ts'
import type { Question } from './question.ts'
import type { Result } from './result.ts'

const results = new URL('./results/', import.meta.url)
const docs = new URL('../../docs/', import.meta.url)

export async function saveResult(result: Result): Promise<void> {
  await mkdir(results, { recursive: true })
  await writeFile(new URL(`${result.question}.json`, results), `${JSON.stringify(result)}\n`)
}

/** Writes `performance.md` and the charts beside it; charts of questions that are gone go too. */
export async function writePage(questions: readonly Question[]): Promise<void> {
  await rm(new URL('performance/', docs), { recursive: true, force: true })
  await mkdir(new URL('performance/', docs), { recursive: true })
  for (const [file, text] of await pageOfKept(questions)) await writeFile(new URL(file, docs), text)
}

/** The page's files by their names below `docs/`, made of the results that are kept. */
export async function pageOfKept(questions: readonly Question[]): Promise<ReadonlyMap<string, string>> {
  const answered: [Question, Result][] = []
  for (const question of questions) {
    const result = await loadResult(question.name)
    if (result !== undefined) answered.push([question, result])
  }
  return performancePage(answered)
}

async function loadResult(question: string): Promise<Result | undefined> {
  try {
    return JSON.parse(await readFile(new URL(`${question}.json`, results), 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
