import { createHash } from 'node:crypto'
import {
  appendFileSync,
  copyFileSync,
  lstatSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Digest, digest } from '../../packages/examples/attic/digest.ts'
import { fromText } from '../../packages/examples/attic/names.ts'
import type { FoundFile } from '../../packages/examples/attic/walk.ts'
import { type Scratch, scratchFolder } from './scratch.ts'
import { run } from './tools.ts'

const CHUNK = 1024

let scratch: Scratch
let path: string
beforeEach(() => {
  scratch = scratchFolder()
  path = join(scratch.path, 'file')
})
afterEach(() => scratch[Symbol.dispose]())

/** A file of three chunks and a half, as a walk would list it. */
function listedFile(): FoundFile {
  writeFileSync(path, Buffer.alloc(3.5 * CHUNK, 'content'))
  utimesSync(path, 1_000_000_000, 1_000_000_000)
  return listedAt(path)
}

function listedAt(place: string): FoundFile {
  const { dev, ino, size, mtimeNs } = lstatSync(place, { bigint: true })
  return { path: fromText(place), dev, ino, bytes: Number(size), mtimeNs }
}

/** @param afterChunk what happens to the file once its first chunk has been read */
function digestOf(
  file: FoundFile,
  afterChunk: () => void = () => {},
  signal = new AbortController().signal,
): Promise<Digest> {
  let hasHappened = false
  const onRead = () => {
    if (!hasHappened) afterChunk()
    hasHappened = true
  }
  return digest(file, { chunk: new Uint8Array(CHUNK), onRead, signal })
}

const changed = (reason: string) => ({ unreadable: { path: fromText(path), code: 'CHANGED', reason } })

describe('digest', () => {
  it('is the sha-256 of the content', async () => {
    const file = listedFile()

    expect(await digestOf(file)).toEqual({
      sha256: createHash('sha256')
        .update(Buffer.alloc(3.5 * CHUNK, 'content'))
        .digest('hex'),
    })
  })

  it('tells of every byte read', async () => {
    const counts: number[] = []

    await digest(listedFile(), {
      chunk: new Uint8Array(CHUNK),
      onRead: (bytes) => counts.push(bytes),
      signal: new AbortController().signal,
    })

    expect(counts).toEqual([CHUNK, CHUNK, CHUNK, CHUNK / 2])
  })

  const shrinkAndGrow = () => {
    truncateSync(path, 1)
    truncateSync(path, 3.5 * CHUNK)
  }
  it.each([
    ['shrinks', () => truncateSync(path, 2 * CHUNK)],
    ['shrinks below what was read', () => truncateSync(path, 1)],
    ['grows', () => appendFileSync(path, 'more')],
    ['is overwritten in place', () => writeFileSync(path, Buffer.alloc(3.5 * CHUNK, 'other'), { flag: 'r+' })],
    ['shrinks and grows again', shrinkAndGrow],
  ])('refuses a file that %s while being read', async (_what, change) => {
    expect(await digestOf(listedFile(), change)).toEqual(changed('changed while being read'))
  })

  it.each([
    ['shorter', () => truncateSync(path, 2 * CHUNK)],
    ['longer', () => appendFileSync(path, 'more')],
  ])('refuses a file that is %s than when it was listed', async (_what, change) => {
    const file = listedFile()
    change()

    expect(await digestOf(file)).toEqual(changed('changed while being read'))
  })

  it.each([
    ['another file', (aside: string) => copyFileSync(aside, path)],
    ['a link', (aside: string) => symlinkSync(aside, path)],
    ['a fifo that nobody writes to', () => run('mkfifo', [path])],
  ])('refuses %s in the place of the file', async (_what, replace) => {
    const file = listedFile()
    const aside = `${path}.old`
    renameSync(path, aside)
    replace(aside)

    expect(await digestOf(file)).toEqual(changed('replaced by something else after it was listed'))
  })

  it('gives the reason of the system when the file has vanished', async () => {
    const file = listedFile()
    unlinkSync(path)

    expect(await digestOf(file)).toEqual({
      unreadable: { path: file.path, code: 'ENOENT', reason: 'no such file or directory' },
    })
  })

  it('refuses a file whose size is not what it holds, as those of /proc', async () => {
    const listed = listedAt('/proc/self/status')

    expect(listed.bytes).toBe(0)
    expect(await digestOf(listed)).toEqual({
      unreadable: { path: listed.path, code: 'SIZE', reason: 'has more or fewer bytes than its size says' },
    })
  })

  it('gives up between two chunks when its signal aborts', async () => {
    const stopping = new AbortController()

    await expect(digestOf(listedFile(), () => stopping.abort(), stopping.signal)).rejects.toThrow('aborted')
  })
})
