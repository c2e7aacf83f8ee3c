/** What git says of this clone. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Whether git knows a commit of that name here. */
export async function isCommit(name: string): Promise<boolean> {
  return (await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`)) !== undefined
}

/**
 * The commit that is measured, such as `363400f`, or `363400f, changed` when the tree differs from it. The kept results
 * don't count: a run that keeps many changes them itself, from its second question on.
 *
 * @returns `undefined` where there is no git, or no clone
 */
export async function describeCommit(): Promise<string | undefined> {
  const hash = await git('rev-parse', '--short', 'HEAD')
  const changes = await git('status', '--porcelain', '--', ':/', ':(top,exclude)packages/bench/results')
  if (hash === undefined || changes === undefined) return undefined
  return changes === '' ? hash : `${hash}, changed`
}

async function git(...args: readonly string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)('git', args, { cwd: import.meta.dirname })).stdout.trim()
  } catch {
    return undefined
  }
}
