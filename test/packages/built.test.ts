/**
 * What is built: it bears the names that its users know it by, in `console.log`, in stack traces and in `error.name`; and
 * it is in letters of which V8 keeps each in one byte, in every thread.
 */
import { glob, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'

const root = new URL('../../packages/', import.meta.url)

async function entriesOf(name: string): Promise<readonly string[]> {
  const { exports } = JSON.parse(await readFile(new URL(`${name}/package.json`, root), 'utf8'))
  return Object.keys(exports).filter((entry) => entry !== './package.json' && !/thread|process|nested/.test(entry))
}

it('has no letter beyond Latin-1, which would double the memory of its whole file', async () => {
  const files = await Array.fromAsync(glob('*/dist/*.js', { cwd: root }))
  expect(files.length).toBeGreaterThan(10)
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, root), 'utf8')))
  const letters = new Set(texts.flatMap((text) => [...text]))
  expect([...letters].filter((letter) => letter > 'ÿ')).toEqual([])
})

for (const name of ['runtime', 'worker-host']) {
  describe.each(await entriesOf(name))(`@troupe/${name}: %s`, (entry) => {
    it('exports classes and functions by their own names', async () => {
      const exported: Record<string, unknown> = await import(`@troupe/${name}${entry.slice(1)}`)
      const functions = Object.entries(exported).filter(([, value]) => typeof value === 'function')
      expect(functions.length).toBeGreaterThan(0)
      expect(functions.map(([, value]) => (value as () => unknown).name)).toEqual(functions.map(([key]) => key))
    })
  })
}
