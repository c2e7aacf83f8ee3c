/**
 * Who is compared. A peer opens one worker thread that can add two numbers, by the means its own documentation
 * advises for many tiny calls. It is imported only when it is opened, so a library that cannot even be loaded fails
 * in its own row of the table and leaves the others alone.
 */
import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'

/** One worker thread, ready for calls. After `close` nothing of it keeps the process alive. */
export type Adder = {
  add(a: number, b: number): Promise<number>
  close(): Promise<void>
}

export type Peer = {
  readonly name: string
  /** The package whose version the table shows; the bare port is as old as the Node it runs on. */
  readonly from: string | null
  open(): Promise<Adder>
}

/** What everybody is measured against: one message per call, written by hand. */
export const BARE_PORT: Peer = {
  name: 'bare MessagePort',
  from: null,
  open: async () => (await import('./peers/bare-port.ts')).open(),
}

export const PEERS: readonly Peer[] = [
  BARE_PORT,
  { name: 'comlink', from: 'comlink', open: async () => (await import('./peers/comlink.ts')).open() },
  { name: 'piscina', from: 'piscina', open: async () => (await import('./peers/piscina.ts')).open() },
  { name: 'tinypool', from: 'tinypool', open: async () => (await import('./peers/tinypool.ts')).open() },
  { name: 'workerpool', from: 'workerpool', open: async () => (await import('./peers/workerpool.ts')).open() },
  { name: 'poolifier', from: 'poolifier', open: async () => (await import('./peers/poolifier.ts')).open() },
  { name: 'threads', from: 'threads', open: async () => (await import('./peers/threads.ts')).open() },
  { name: 'Troupe', from: '@troupe/runtime', open: async () => (await import('./peers/troupe.ts')).open() },
]

export async function versionOf({ from }: Peer): Promise<string> {
  if (from === null) return `node ${process.versions.node}`
  const path = findPackageJSON(from, import.meta.url)
  if (path === undefined) return 'not installed'
  return JSON.parse(await readFile(path, 'utf8')).version
}
