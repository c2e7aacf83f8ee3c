/** An error on its way to the caller: the frames of the host itself are left out of its stack. */
import { fileURLToPath } from 'node:url'
import { encodeThrown, type ThrownData } from '../errors/error-data.ts'

// Bundled, this module stands right below dist/; source-mapped frames name src/. Both are folders of this package.
const PACKAGE = new URL('..', import.meta.url)
const FOLDERS = ['dist/', 'src/'].map((folder) => new URL(folder, PACKAGE))
const OWN = FOLDERS.flatMap((folder) => [folder.href, fileURLToPath(folder)])

export function encodeFailure(thrown: unknown): ThrownData {
  const data = encodeThrown(thrown)
  return data.kind === 'error' ? { ...data, stack: withoutHostFrames(data.stack) } : data
}

function withoutHostFrames(stack: string): string {
  let isBelowHost = false
  const lines = stack.split('\n').filter((line) => {
    if (!line.startsWith('    at ')) return true
    const isHost = OWN.some((folder) => line.includes(folder))
    isBelowHost ||= isHost
    return !isHost && !(isBelowHost && line.includes('(node:')) // nor Node's frames that delivered the message to it
  })
  return lines.join('\n')
}
