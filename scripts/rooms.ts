/**
 * Which room may import which, as data, held against the imports that the code really has. A room is a folder below a
 * package's `src`; the files beside the rooms (`index.ts`, …) are the package's doors and may import any of them.
 *
 * Prints what breaks the plan, cycles included, and exits with 1.
 */
import { glob, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'

const ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'worker-host': {
    copies: [],
    errors: [],
    clock: ['errors'],
    tasks: ['clock', 'copies', 'errors'],
    wire: ['copies', 'errors'],
    ipc: ['wire'],
    streams: ['errors', 'wire'],
    access: ['copies', 'errors'],
    receivers: ['errors', 'tasks'],
    service: ['access', 'clock', 'copies', 'errors', 'receivers', 'tasks', 'wire'],
    values: ['access', 'errors', 'service', 'streams', 'wire'],
    files: ['access', 'errors', 'service'],
    host: ['access', 'errors', 'service', 'streams', 'tasks', 'values', 'wire'],
  },
  runtime: {
    lifecycle: [],
    supervision: [],
    modules: [],
    contexts: [],
    threads: ['contexts'],
    processes: ['contexts'],
    graph: [],
    calls: ['contexts'],
    layers: ['calls'],
    proxy: ['calls'],
    routing: ['calls', 'contexts'],
    activation: ['calls'],
    specs: ['activation', 'calls', 'layers', 'modules', 'supervision', 'threads'],
    services: ['calls', 'contexts', 'layers', 'lifecycle', 'modules', 'proxy', 'routing', 'specs', 'supervision'],
    pool: [
      'activation',
      'calls',
      'contexts',
      'graph',
      'modules',
      'processes',
      'proxy',
      'routing',
      'services',
      'specs',
      'threads',
    ],
  },
}

/** What a package may import besides Node's own modules and its own files. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'worker-host': ['comlink', 'croner'],
  runtime: [
    '@troupe/worker-host',
    '@troupe/worker-host/files',
    '@troupe/worker-host/owner',
    'comlink',
    'esbuild',
    'piscina',
    'tinypool',
  ],
}

const root = dirname(import.meta.dirname)
const problems: string[] = []

for (const [name, rooms] of Object.entries(ROOMS)) {
  const src = join(root, 'packages', name, 'src')
  for await (const file of glob('**/*.ts', { cwd: src })) {
    const room = roomOf(file)
    if (room !== undefined && !(room in rooms)) problems.push(`${name}/src/${file}: "${room}" is in no plan of rooms`)
    const text = await readFile(join(src, file), 'utf8')
    for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)) {
      const target = specifier!.startsWith('.') ? relative(src, resolve(src, dirname(file), specifier!)) : undefined
      if (target === undefined) checkPackage(name, file, specifier!)
      else checkRoom(name, file, room, roomOf(target))
    }
  }
  for (const room of Object.keys(rooms)) findCycle(name, rooms, [room])
}

for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exitCode = problems.length > 0 ? 1 : 0

function roomOf(file: string): string | undefined {
  return file.includes(sep) ? file.split(sep)[0] : undefined
}

function checkPackage(name: string, file: string, specifier: string): void {
  if (specifier.startsWith('node:') || PACKAGES[name]!.includes(specifier)) return
  problems.push(`${name}/src/${file} imports "${specifier}", may import ${PACKAGES[name]!.join(', ')}`)
}

function checkRoom(name: string, file: string, from: string | undefined, to: string | undefined): void {
  if (from === undefined || from === to) return
  const allowed = ROOMS[name]![from] ?? []
  if (to === undefined || !allowed.includes(to)) {
    problems.push(
      `${name}/src/${file}: room "${from}" imports ${to ? `room "${to}"` : 'a door'}, may import: ${allowed.join(', ') || 'none'}`,
    )
  }
}

function findCycle(name: string, rooms: Readonly<Record<string, readonly string[]>>, path: readonly string[]): void {
  for (const next of rooms[path.at(-1)!] ?? []) {
    if (next === path[0]) problems.push(`${name}: the plan has a cycle: ${[...path, next].join(' → ')}`)
    else if (!path.includes(next)) findCycle(name, rooms, [...path, next])
  }
}
