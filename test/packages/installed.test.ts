/** The packages as a stranger has them: packed, and installed by npm into an empty project, where the README's program runs. */
import { execFile } from 'node:child_process'
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const root = dirname(dirname(import.meta.dirname))
const run = promisify(execFile)

it('a project that installs the packages runs the README’s first service', { timeout: 120_000 }, async () => {
  const project = await mkdtemp(join(tmpdir(), 'troupe-installed-'))
  try {
    await run('node', [join(root, 'scripts/pack.ts'), project])
    const tarballs = await Array.fromAsync(glob(join(project, '*.tgz')))
    expect(tarballs).toHaveLength(2)
    await writeFile(join(project, 'package.json'), '{ "type": "module" }')
    await run('npm', ['install', '--no-audit', '--no-fund', ...tarballs], { cwd: project })
    const readme = await readFile(join(root, 'README.md'), 'utf8')
    for (const name of ['counter.ts', 'main.ts']) {
      const [, text] = new RegExp(`^\`\`\`ts file=${name}\n([^]*?)^\`\`\`$`, 'm').exec(readme)!
      await writeFile(join(project, name), text!)
    }
    expect(await run(process.execPath, ['main.ts'], { cwd: project })).toEqual({ stdout: '42\n', stderr: '' })
  } finally {
    await rm(project, { recursive: true })
  }
})
