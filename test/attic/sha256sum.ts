/** The groups of duplicates under a folder according to find(1) and sha256sum(1): no code of attic's is used. */
import { spawnSync } from 'node:child_process'
import { missing } from './tools.ts'

export interface ExpectedGroup {
  readonly sha256: string
  readonly bytes: number
  /** In latin1: a character for each byte. */
  readonly paths: readonly string[]
}

export function sha256sumGroups(folder: string, under: readonly string[] = []): ExpectedGroup[] {
  const inodes = new Map<string, string>()
  const sizes = new Map<string, number>()
  const found = lines([...under, 'find', folder, '-type', 'f', '-printf', String.raw`%D:%i %s %p\0`])
  for (const [, inode, size, path] of found.map((line) => /^(\S+) (\d+) (.*)$/s.exec(line)!)) {
    const first = inodes.get(inode!)
    if (first === undefined || path! < first) inodes.set(inode!, path!)
    sizes.set(path!, Number(size))
  }
  const input = Buffer.from([...inodes.values()].map((path) => `${path}\0`).join(''), 'latin1')
  const sums = lines([...under, 'xargs', '-0', 'sha256sum', '-z', '--'], input).map(
    (line) => /^(\w{64}) [ *](.*)$/s.exec(line)!,
  )
  return [...Map.groupBy(sums, ([, sha256]) => sha256!)]
    .filter(([, same]) => same.length > 1)
    .map(([sha256, same]) => ({
      sha256,
      bytes: sizes.get(same[0]![2]!)!,
      paths: same.map(([, , path]) => path!).sort(),
    }))
    .sort((a, b) => freed(b) - freed(a) || (a.sha256 < b.sha256 ? -1 : 1))
}

const freed = ({ bytes, paths }: ExpectedGroup): number => bytes * (paths.length - 1)

/** Both tools go on after what they can't read, and say so by their exit code, which is no error here. */
function lines([tool, ...args]: readonly string[], input?: Buffer): string[] {
  const { error, stdout } = spawnSync(tool!, args, { input, maxBuffer: 1 << 28 })
  if (error) throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? missing(tool!) : error
  return stdout.toString('latin1').split('\0').slice(0, -1)
}
