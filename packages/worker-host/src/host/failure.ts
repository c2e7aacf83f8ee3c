/** An error on its way to the caller: the frames of the host itself are left out of its stacks. */
import { fileURLToPath } from 'node:url'
import { encodeThrown, type ThrownData } from '../errors/error-data.ts'

// Bundled, this module stands right below dist/; source-mapped frames name src/. Both are folders of this package.
const PACKAGE = new URL('..', import.meta.url)
const FOLDERS = ['dist/', 'src/'].map((folder) => new URL(folder, PACKAGE))
const OWN = FOLDERS.flatMap((folder) => [folder.href, fileURLToPath(folder)])

export function encodeFailure(thrown: unknown): ThrownData {
  return trimmed(encodeThrown(thrown))
}

function trimmed(data: ThrownData): ThrownData {
  if (data.kind === 'value') return data
  const { stack, fields, cause, errors } = data
  return {
    ...data,
    stack: withoutHostFrames(stack),
    fields: fields.map(([key, value]) => [key, trimmed(value)]),
    ...(cause && { cause: trimmed(cause) }),
    ...(errors && { errors: errors.map(trimmed) }),
  }
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
