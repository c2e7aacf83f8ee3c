/** What is built bears the names that its users know it by: in `console.log`, in stack traces and in `error.name`. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'

const root = new URL('../../packages/', import.meta.url)

async function entriesOf(name: string): Promise<readonly string[]> {
  const { exports } = JSON.parse(await readFile(new URL(`${name}/package.json`, root), 'utf8'))
  return Object.keys(exports).filter((entry) => entry !== './package.json' && !/thread|process|nested/.test(entry))
}

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
