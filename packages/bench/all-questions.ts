/** Every file in `questions/`, in the order in which a reader asks. One that is not named here comes last. */
import { readdir } from 'node:fs/promises'
import type { Question } from './question.ts'

const ORDER = ['calls', 'invokers', 'features', 'links', 'streams', 'spawn', 'idle', 'scale', 'actors']

const folder = new URL('./questions/', import.meta.url)
const names = (await readdir(folder)).filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -3))
const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)

export const QUESTIONS: readonly Question[] = await Promise.all(
  names
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .map(async (name): Promise<Question> => (await import(new URL(`${name}.ts`, folder).href)).question),
)
