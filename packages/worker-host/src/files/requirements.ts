/** What the file services ask of what they are given, before anything is done with it. */
import { BadOptionsError } from '../errors/catalogue.ts'
import { shown } from '../errors/require-options.ts'

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS unless it is a text */
export function requirePath(subject: string, path: unknown): void {
  if (typeof path !== 'string')
    throw new BadOptionsError(`${subject} needs a path, which is a text, found ${shown(path)}`)
}

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what no file of this system can be found by */
export function requireOwnPath(subject: string, path: unknown): void {
  requirePath(subject, path)
  if (path === '' || (path as string).includes('\0'))
    throw new BadOptionsError(`${subject} needs a path that is not empty, and without NUL, found ${shown(path)}`)
}

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS unless it has the method, as the proxy of a service has any */
export function requireMethod(subject: string, target: unknown, method: string): void {
  if (typeof (target as Partial<Record<string, unknown>> | null | undefined)?.[method] !== 'function')
    throw new BadOptionsError(`${subject} with a method "${method}", such as a service's proxy, found ${shown(target)}`)
}
