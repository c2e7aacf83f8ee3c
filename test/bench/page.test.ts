import { glob, readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { QUESTIONS } from '../../packages/bench/all-questions.ts'
import { pageOfKept } from '../../packages/bench/kept-results.ts'

const docs = new URL('../../docs/', import.meta.url)

it('docs/performance.md and its charts are what the kept results give: `npm run bench -- --page` writes them', async () => {
  const files = await pageOfKept(QUESTIONS)
  const found = await Array.fromAsync(glob(['performance.md', 'performance/*'], { cwd: docs }))
  expect(found.sort()).toEqual([...files.keys()].sort())
  for (const [file, text] of files) expect(await readFile(new URL(file, docs), 'utf8'), file).toBe(text)
})

it('the page answers every question and names every peer', async () => {
  const page = (await pageOfKept(QUESTIONS)).get('performance.md')!
  for (const { name, asks } of QUESTIONS) {
    expect(page).toContain(`\n## ${name}\n`)
    expect(page).toContain(asks.slice(1))
  }
})
