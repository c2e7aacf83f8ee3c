/**
 * The classes that an error from another thread may be rebuilt as, by name.
 *
 * A `Map`, never an object: looked up by a name that came over the wire, an object would find `constructor`.
 */
import * as catalogue from './catalogue.ts'
import { BadOptionsError, TroupeError } from './catalogue.ts'

// The constructor is never called: a rebuilt error is an Error given the class's prototype.
export type ErrorClass = abstract new (...args: never[]) => Error

const BUILT_IN: readonly ErrorClass[] = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
]

const classes = new Map<string, ErrorClass>(BUILT_IN.map((type) => [type.name, type]))
for (const entry of Object.values(catalogue)) {
  if (typeof entry === 'function' && entry.prototype instanceof TroupeError)
    classes.set(entry.name, entry as ErrorClass)
}

/**
 * Lets errors of these classes keep their class when they cross threads. Call it on the side that receives them
 * (for a service's errors: the owner's). Without it they arrive as `Error` with the class's name, message, code,
 * own fields, cause and stack. The constructor does not run again, so private `#fields` are not set.
 *
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is not an Error class, or for a name already taken
 */
export function registerError(...types: readonly ErrorClass[]): void {
  for (const type of types) {
    if (typeof type !== 'function' || !(type.prototype instanceof Error)) {
      throw new BadOptionsError(`registerError needs subclasses of Error, found ${String(type)}`)
    }
    const known = classes.get(type.name)
    if (known !== undefined && known !== type) {
      throw new BadOptionsError(`an error class named "${type.name}" is registered already`)
    }
    classes.set(type.name, type)
  }
}

export const errorClass = (name: string): ErrorClass | undefined => classes.get(name)
