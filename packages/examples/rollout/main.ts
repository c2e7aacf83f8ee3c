/**
 * Rolls out two files to two child contexts, a thread and a process, whose services fetch them from a file service of this
 * parent script; then shows what a child is refused.
 *
 *     node packages/examples/rollout/main.ts
 */
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ContextKind, DeduplicatingInvoker, Pool } from '@troupe/runtime'
import { type FileService, fileService } from '@troupe/runtime/files'
import type { FactsService } from './facts.service.ts'
import type { Installer } from './installer.service.ts'

const BRANCHES = [
  { name: 'north', kind: 'thread' },
  { name: 'south', kind: 'process' },
] as const

const signals = ['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)) // a second Ctrl-C ends it at once
const folder = await mkdtemp(join(tmpdir(), 'rollout-'))
const release = join(folder, 'release')
const paths = [join(release, 'app.json'), join(release, 'model.bin')] as const
const secret = join(folder, 'secret.pem')
await mkdir(release)
await writeFile(paths[0], '{ "greeting": "hello" }')
await writeFile(paths[1], new Uint8Array(3_000_000))
await writeFile(secret, 'nobody below may see this')

const pool = new Pool()
try {
  await Promise.race([...signals, rollOut()])
} finally {
  await pool.close()
  await rm(folder, { recursive: true })
}

async function rollOut(): Promise<void> {
  await pool.spawn<FileService>({ name: 'files', ...fileService, options: { prefixes: [release] } })
  for (const { name, kind } of BRANCHES) {
    await makeBranch(name, kind)
    const installer = pool.proxy<Installer>(`${name}-installer`)
    const installed = await Promise.all(paths.map((path) => installer.install(path)))
    console.log(`${name} has ${installed.map(({ name, bytes }) => `${name} (${bytes} bytes)`).join(' and ')}`)
  }

  const facts = pool.proxy<FactsService>('north-facts')
  const answers = await Promise.all([facts.gather(), facts.gather(), facts.gather()])
  console.log(
    `north was asked ${answers.length} times for its facts, and gathered them ${answers.at(-1)!.gathered} time`,
  )

  const refusals = await pool.proxy<Installer>('north-installer').misbehave(secret, 'south-installer')
  for (const refusal of refusals) console.log(`refused: ${refusal.replaceAll(folder, '')}`)
}

/** A context with two services. */
async function makeBranch(name: string, kind: ContextKind): Promise<void> {
  const context = await pool.context({ name, kind })
  await context.spawn<Installer>({
    name: `${name}-installer`,
    module: new URL('./installer.service.ts', import.meta.url),
    options: { folder: join(folder, name) },
    invoker: 'serialized',
  })
  await context.spawn<FactsService>({
    name: `${name}-facts`,
    module: new URL('./facts.service.ts', import.meta.url),
    invoker: new DeduplicatingInvoker({ ttlMs: 60_000 }),
  })
}
