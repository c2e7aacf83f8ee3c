/** Every example in README.md and docs/ is run as it stands, and must print what the page says. */
import { execFile } from 'node:child_process'
import { glob, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = dirname(dirname(import.meta.dirname))
const pages = (await Array.fromAsync(glob(['README.md', 'docs/**/*.md', 'packages/*/README.md'], { cwd: root })))
  .filter((page) => !page.includes('node_modules'))
  .sort()

interface Block {
  readonly kind: 'file' | 'output'
  readonly name: string
  readonly text: string
}

const contents = new Map<string, readonly Block[]>()
for (const page of pages) {
  const text = await readFile(join(root, page), 'utf8')
  const blocks = [...text.matchAll(/^```\w* (file|output)=(\S+)\n([\s\S]*?)^```$/gm)]
  contents.set(
    page,
    blocks.map(([, kind, name, body]) => ({ kind: kind as Block['kind'], name: name!, text: body! })),
  )
}

/** A folder in which the packages are installed as they would be by npm. */
async function project() {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-docs-'))
  await mkdir(join(folder, 'node_modules', '@troupe'), { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  for (const name of ['runtime', 'worker-host']) {
    const installed = dirname(dirname(fileURLToPath(import.meta.resolve(`@troupe/${name}`))))
    await symlink(installed, join(folder, 'node_modules', '@troupe', name))
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

describe.each(pages.filter((page) => contents.get(page)!.some(({ kind }) => kind === 'output')))('%s', (page) => {
  const blocks = contents.get(page)!
  const outputs = blocks.filter(({ kind }) => kind === 'output')

  it.each(outputs.map(({ name, text }) => [name, text] as const))(
    '%s prints what the page says',
    async (name, text) => {
      await using code = await project()
      for (const block of blocks) if (block.kind === 'file') await writeFile(join(code.folder, block.name), block.text)
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [name], {
        cwd: code.folder,
        timeout: 15_000,
      })
      expect(stdout).toBe(text)
      expect(stderr).toBe('')
    },
  )

  it('has no example that is not run', () => {
    const shown = new Set(blocks.filter(({ kind }) => kind === 'file').map(({ name }) => name))
    const used = blocks.filter(({ kind }) => kind === 'output').map(({ name }) => name)
    const imported = blocks.flatMap(({ text }) => [...text.matchAll(/'\.\/([^']+)'/g)].map(([, name]) => name!))
    expect([...shown].filter((name) => !used.includes(name) && !imported.includes(name))).toEqual([])
  })
})

it('no page shows code that is not an example', () => {
  const loose = [...contents.keys()].flatMap(async (page) => {
    const text = await readFile(join(root, page), 'utf8')
    return [...text.matchAll(/^```(?:ts|js)\n/gm)].map(() => page)
  })
  return expect(Promise.all(loose).then((found) => found.flat())).resolves.toEqual([])
})
