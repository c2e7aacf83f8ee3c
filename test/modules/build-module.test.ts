import { chmod, chown, mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { openPackage } from './open-package.ts'

interface Greeter {
  greet(): string
  where(): string[]
  fail(): void
}

const service = (greeting: string) => `import { AllowAny, Service, expose } from '@troupe/worker-host'
import { basename } from 'node:path'
import { greeting, here } from './words.ts'

export class Greeter extends Service {
  @expose(AllowAny) greet(): string { return greeting + ' ${greeting}' }
  @expose(AllowAny) where(): string[] { return [basename(import.meta.url), basename(import.meta.filename), basename(here)] }
  @expose(AllowAny) fail(): void {
    throw new Error('line 9')
  }
}
`

async function project() {
  const words = (text: string) => `export const greeting: string = '${text}'\nexport const here = import.meta.url\n`
  const opened = await openPackage({ 'greeter.ts': service('there'), 'words.ts': words('hello') })
  const { folder } = opened
  const cache = join(folder, 'node_modules', '.cache', 'troupe')
  return {
    module: pathToFileURL(join(folder, 'greeter.ts')),
    cache,
    setWords: (text: string) => writeFile(join(folder, 'words.ts'), words(text)),
    bundles: async () =>
      (await readdir(cache)).filter((file) => file.endsWith('.mjs')).map((file) => join(cache, file)),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
}

describe('a TypeScript module', () => {
  it('runs with decorators, types and the files that it imports', async () => {
    await using code = await project()
    await using pool = new Pool()
    const handle = await pool.spawn<Greeter>({ name: 'greeter', module: code.module })
    expect(await handle.proxy.greet()).toBe('hello there')
  })

  it('keeps the import.meta of each of its files', async () => {
    await using code = await project()
    await using pool = new Pool()
    const handle = await pool.spawn<Greeter>({ name: 'greeter', module: code.module })
    expect(await handle.proxy.where()).toEqual(['greeter.ts', 'greeter.ts', 'words.ts'])
  })

  it('shows its own lines in stacks', async () => {
    await using code = await project()
    await using pool = new Pool()
    const handle = await pool.spawn<Greeter>({ name: 'greeter', module: code.module })
    const error = await handle.proxy.fail().catch((reason: Error) => reason)
    expect((error as Error).stack).toMatch(/Greeter\.fail \(.*greeter\.ts:9:11\)/)
  })

  it('is built once for the same content, and anew when a file that it imports has changed', async () => {
    await using code = await project()
    await using pool = new Pool()
    const handle = await pool.spawn<Greeter>({ name: 'greeter', module: code.module })
    const [bundle] = await code.bundles()
    const builtAt = (await stat(bundle!)).mtimeMs
    const now = new Date()
    await utimes(code.module, now, now) // touched, and not changed
    await handle.restart()
    expect(await code.bundles()).toEqual([bundle])
    expect((await stat(bundle!)).mtimeMs).toBe(builtAt)

    await code.setWords('goodbye')
    await handle.restart()
    expect(await handle.proxy.greet()).toBe('goodbye there')
    expect(await code.bundles()).toHaveLength(2)
  })

  it('is built once when several services start from it together', async () => {
    await using code = await project()
    await using pool = new Pool()
    const names = ['a', 'b', 'c', 'd']
    const handles = await Promise.all(names.map((name) => pool.spawn<Greeter>({ name, module: code.module })))
    expect(await Promise.all(handles.map(({ proxy }) => proxy.greet()))).toEqual(names.map(() => 'hello there'))
    expect(await code.bundles()).toHaveLength(1)
  })

  it('runs when the folder for bundles is not the user’s own, and nothing is written or run from there', async () => {
    await using code = await project()
    await using pool = new Pool()
    await mkdir(code.cache, { recursive: true })
    // Root may write anywhere, so for root the folder is made another's; for others it is made unwritable.
    if (process.getuid?.() === 0) await chown(code.cache, 65_534, 65_534)
    else await chmod(code.cache, 0o500)
    const handle = await pool.spawn<Greeter>({ name: 'greeter', module: code.module })
    expect(await handle.proxy.greet()).toBe('hello there')
    expect(await code.bundles()).toEqual([])
  })

  it('that does not compile fails the start with the place', async () => {
    await using code = await project()
    await writeFile(code.module, 'export class {\n')
    await using pool = new Pool()
    const spawned = pool.spawn<Greeter>({ name: 'greeter', module: code.module })
    await expect(spawned).rejects.toMatchObject({
      code: 'ERR_TROUPE_START_FAILED',
      cause: { message: expect.stringContaining('greeter.ts:1:13') },
    })
  })

  it('that imports a missing package fails the start with its name', async () => {
    await using code = await project()
    await writeFile(code.module, "import 'no-such-package'\n")
    await using pool = new Pool()
    const spawned = pool.spawn<Greeter>({ name: 'greeter', module: code.module })
    await expect(spawned).rejects.toMatchObject({ cause: { message: expect.stringContaining('no-such-package') } })
  })
})
