/** What the file services ask of what they are given, before anything is done with it. */
import { BadOptionsError } from '../errors/catalogue.ts'

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS unless it is an object with no other names than the known ones */
export function requireOptions(subject: string, options: unknown, known: readonly string[]): void {
  const names = `known: ${known.join(', ')}`
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new BadOptionsError(`${subject} needs an object of options, found ${shown(options)}; ${names}`)
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new BadOptionsError(`${subject}: unknown option "${unknown.join('", "')}", ${names}`)
}

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS unless it is a text */
export function requirePath(subject: string, path: unknown): void {
  if (typeof path !== 'string')
    throw new BadOptionsError(`${subject} needs a path, which is a text, found ${shown(path)}`)
}

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS unless it has the method, as the proxy of a service has any */
export function requireMethod(subject: string, target: unknown, method: string): void {
  if (typeof (target as Partial<Record<string, unknown>> | null | undefined)?.[method] !== 'function')
    throw new BadOptionsError(`${subject} with a method "${method}", such as a service's proxy, found ${shown(target)}`)
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
