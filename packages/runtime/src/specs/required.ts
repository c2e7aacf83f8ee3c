/** What a program easily gets wrong: something is not there, or is misspelt. */
import { BadOptionsError, messageOf } from '@troupe/worker-host'
import { shown } from '@troupe/worker-host/owner'

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, such as `a service's name must be a text, found undefined` */
export function requireText(subject: string, given: unknown): void {
  if (typeof given !== 'string') throw new BadOptionsError(`${subject} must be a text, found ${messageOf(given)}`)
}

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what no service can be found by, such as `api//stock` */
export function requireServiceName(given: unknown): void {
  requireText("a service's name", given)
  const parts = (given as string).split('/')
  if (parts.every((part) => part !== '' && part !== '.' && part !== '..')) return
  throw new BadOptionsError(`a service's name must be such as "stock" or "api/stock", found "${given}"`)
}

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, such as `a context's id must begin at the root, as "root/api" does, found api` */
export function requireContextId(given: unknown): void {
  requireText("a context's id", given)
  if (given === 'root' || (given as string).startsWith('root/')) return
  throw new BadOptionsError(`a context's id must begin at the root, as "root/api" does, found ${given}`)
}

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, such as `a pool's options must be an object such as { … }, found 5` */
export function requireObject(subject: string, example: string, given: unknown): void {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return
  throw new BadOptionsError(`${subject} must be an object such as ${example}, found ${shown(given)}`)
}

/** What is wrong with names that nobody knows, which are mostly misspelt. */
export function* unknownKeys(given: object, known: readonly string[]): Generator<string> {
  const unknown = Object.keys(given).filter((key) => !known.includes(key))
  if (unknown.length > 0) yield `unknown ${unknown.map((key) => `"${key}"`).join(', ')}, known: ${known.join(', ')}`
}
