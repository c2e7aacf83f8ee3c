import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const packageFolder = (name: string) => dirname(dirname(fileURLToPath(import.meta.resolve(`@troupe/${name}`))))

const SCRIPT = `
import { Pool } from '@troupe/runtime'
const pool = new Pool()
const module = new URL('./service.mjs', import.meta.url)
const failures = await Promise.allSettled([pool.spawn({ name: 'a', module }), pool.spawn({ name: 'b', module })])
for (const { reason } of failures) console.log(reason.code, reason.cause.code, reason.cause.cause.code)
await pool.close()
`

/** The packages as they would be installed, but for the file that a thread begins with. */
async function brokenInstallation() {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-broken-'))
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '@troupe'), { recursive: true })
  for (const name of ['runtime', 'worker-host']) {
    const from = packageFolder(name)
    await cp(join(from, 'dist'), join(modules, '@troupe', name, 'dist'), { recursive: true })
    await cp(join(from, 'package.json'), join(modules, '@troupe', name, 'package.json'))
  }
  for (const name of ['comlink', 'piscina']) {
    await symlink(await realpath(join(packageFolder('runtime'), 'node_modules', name)), join(modules, name))
  }
  await rm(join(modules, '@troupe', 'worker-host', 'dist', 'thread.js'))
  await writeFile(join(folder, 'service.mjs'), '')
  await writeFile(join(folder, 'main.mjs'), SCRIPT)
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

it('a thread that dies while it boots fails the starts that wait for it, with the reason', async () => {
  await using broken = await brokenInstallation()
  const { stdout } = await promisify(execFile)(process.execPath, ['main.mjs'], { cwd: broken.folder, timeout: 15_000 })
  const failure = 'ERR_TROUPE_START_FAILED ERR_TROUPE_SERVICE_CRASHED ERR_MODULE_NOT_FOUND'
  expect(stdout).toBe(`${failure}\n${failure}\n`)
})
