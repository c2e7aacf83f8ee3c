/** Files that all are copied at once: by a `FileService`, and by what the system has for it. */
import { execFile } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { Pool } from '@troupe/runtime'
import { type FileService, fetchFile, fileService } from '@troupe/runtime/files'

export interface TransferPlan {
  /** How many, all at once. */
  readonly files: number
  readonly fileBytes: number
  /** Where a folder for them is made, with room for all of them twice. */
  readonly folder: string
}

export interface Lap {
  readonly way: string
  readonly bytesPerSecond: number
  /** Of this process, above what it had before the lap; undefined for a way that works in others. */
  readonly peakBytes: number | undefined
}

interface File {
  readonly source: string
  readonly target: string
  readonly sha256: string
}

type Copy = (file: File) => Promise<unknown>

/** One lap for each way, over the same files. @throws {Error} when a copy is not what its source is */
export async function* transferAll({ files: count, fileBytes, folder }: TransferPlan): AsyncGenerator<Lap, void, void> {
  const scratch = await realpath(await mkdtemp(join(folder, 'troupe-transfers-')))
  try {
    const files: File[] = []
    for (let n = 0; n < count; n++) files.push(await makeFile(scratch, n, fileBytes))
    yield await throughService(files, fileBytes)
    yield { ...(await timed('cp', files, fileBytes, copied)), peakBytes: undefined }
    yield { ...(await timed('cat | cat', files, fileBytes, piped)), peakBytes: undefined }
  } finally {
    await rm(scratch, { recursive: true })
  }
}

async function throughService(files: readonly File[], fileBytes: number): Promise<Lap> {
  const pool = new Pool()
  try {
    const paths = files.map(({ source }) => source)
    const { proxy } = await pool.spawn<FileService>({ name: 'files', ...fileService, options: { paths } })
    const peak = watchMemory()
    const fetched: Copy = ({ source, target }) => fetchFile(proxy, source, target)
    const lap = await timed('FileService', files, fileBytes, fetched, peak)
    return { ...lap, peakBytes: peak() }
  } finally {
    await pool.close()
  }
}

const run = promisify(execFile)
const copied: Copy = ({ source, target }) => run('cp', [source, target])
const piped: Copy = ({ source, target }) => run('/bin/sh', ['-c', 'cat "$1" | cat > "$2"', 'sh', source, target])

/** Looking whether all has come right is not in the time. */
async function timed(way: string, files: readonly File[], fileBytes: number, copy: Copy, onOver?: () => void) {
  const startMs = performance.now()
  try {
    await Promise.all(files.map(copy))
  } finally {
    onOver?.()
  }
  const bytesPerSecond = (files.length * fileBytes * 1e3) / (performance.now() - startMs)
  for (const { target, sha256 } of files) {
    if ((await sha256Of(target)) !== sha256) throw new Error(`${way} has made another file of "${target}"`)
    await rm(target)
  }
  return { way, bytesPerSecond }
}

/** More often costs the copying something, and less often misses a peak. */
const LOOK_MS = 5

/** @returns ends it, and tells the most that there was above the beginning */
function watchMemory(): () => number {
  const idleBytes = process.memoryUsage.rss()
  let mostBytes = idleBytes
  const look = (): void => {
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss())
  }
  const looking = setInterval(look, LOOK_MS)
  let isOver = false
  return () => {
    if (!isOver) look()
    isOver = true
    clearInterval(looking)
    return mostBytes - idleBytes
  }
}

const BLOCK_BYTES = 1_048_576

/** Random, since some file systems store nothing of what is empty or the same. */
async function makeFile(folder: string, n: number, bytes: number): Promise<File> {
  const source = join(folder, `source-${n}`)
  const handle = await open(source, 'wx')
  const hash = createHash('sha256')
  const block = new Uint8Array(BLOCK_BYTES)
  try {
    for (let left = bytes; left > 0; left -= BLOCK_BYTES) {
      const part = randomFillSync(block).subarray(0, left)
      hash.update(part)
      await handle.writeFile(part)
    }
    await handle.sync() // or the first lap would share the disk with what is still to be written
  } finally {
    await handle.close()
  }
  return { source, target: join(folder, `target-${n}`), sha256: hash.digest('hex') }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
