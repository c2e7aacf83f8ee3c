/** What is asked of options, before anything is done with them. */
import { BadOptionsError } from './catalogue.ts'

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS unless it is an object with no other names than the known ones */
export function requireOptions(subject: string, options: unknown, known: readonly string[]): void {
  const names = `known: ${known.join(', ')}`
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new BadOptionsError(`${subject} needs an object of options, found ${shown(options)}; ${names}`)
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new BadOptionsError(`${subject}: unknown option "${unknown.join('", "')}", ${names}`)
}

/** In a few words, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 50 ? `${value.slice(0, 50)}…` : value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null
    ? 'an object'
    : typeof value === 'function'
      ? 'a function'
      : String(value)
}
