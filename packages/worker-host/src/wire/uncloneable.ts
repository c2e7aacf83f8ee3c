/**
 * Finds what structured clone would not copy, for an error message that names it. Only runs once a clone has failed.
 */
import { attempt } from '../errors/attempt.ts'
import type { Path } from './marks.ts'

export interface Uncloneable {
  /** From the root's name down: `argument 0.items[3].onDone`. */
  readonly path: string
  /** What stands there, in words: `a function`. */
  readonly found: string
}

/** Values that could not be made ready for the wire, for a reason that structured clone would not have told. */
export class UnsendableError extends Error {
  /** From the list of values down; or what else it is about, in words. */
  readonly at: Path | string
  readonly found: string
  constructor(at: Path | string, found: string, options?: ErrorOptions) {
    super(found, options)
    this.at = at
    this.found = found
  }
}

/** Deep enough for real data, shallow enough for a stack. */
const MAX_DEPTH = 200

/**
 * Never throws, whatever traps the value has: half of a batch may be waiting for this to end.
 *
 * @param carries whether a value goes through; by default, whether structured clone copies it
 */
export function findUncloneable(value: unknown, path: string, carries = canClone, depth = 0): Uncloneable {
  if (typeof value === 'object' && value !== null && depth < MAX_DEPTH) {
    for (const [step, read] of attempt(() => [...children(value)]) ?? []) {
      let child: unknown
      try {
        child = read()
      } catch (error) {
        return { path: path + step, found: `a getter that throws: ${print(error)}` }
      }
      if (!carries(child)) return findUncloneable(child, path + step, carries, depth + 1)
    }
  }
  return { path, found: describe(value) }
}

/** Each part of a value, with the step that leads there. Reads are put off, since a getter may throw. */
function* children(value: object): Generator<readonly [step: string, read: () => unknown]> {
  if (value instanceof Map) {
    let index = 0
    for (const [key, entry] of value) {
      yield [`.keys()[${index++}]`, () => key]
      yield [`.get(${print(key)})`, () => entry]
    }
  } else if (value instanceof Set) {
    let index = 0
    for (const member of value) yield [`.values()[${index++}]`, () => member]
  } else {
    for (const key of Object.keys(value)) yield [stepTo(value, key), () => (value as Record<string, unknown>)[key]]
  }
}

function stepTo(value: object, key: string): string {
  return nameOfStep(Array.isArray(value) && /^\d+$/.test(key) ? Number(key) : key)
}

/** A step on a way into a value, as it is written: `[3]`, `.name`, `["two words"]`. */
export function nameOfStep(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

export const canClone = (value: unknown): boolean => attempt(() => structuredClone([value])) !== undefined

function describe(value: unknown): string {
  switch (typeof value) {
    case 'function': {
      const name: unknown = attempt(() => value.name)
      return typeof name === 'string' && name !== '' ? `the function ${name}` : 'a function'
    }
    case 'object': {
      const kind = kindOf(value)
      if (kind === undefined) return 'an object without a readable constructor'
      if (kind === 'Object') return 'an object that structured clone refuses'
      return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`
    }
    default:
      return `a ${typeof value}`
  }
}

/** The name of its class or, for objects such as generators that have none, what the language calls them. */
function kindOf(value: object | null): string | undefined {
  const name: unknown = attempt(() => value!.constructor.name)
  if (typeof name === 'string' && name !== '' && name !== 'Object') return name
  return attempt(() => Object.prototype.toString.call(value).slice('[object '.length, -1))
}

const print = (value: unknown): string =>
  attempt(() => (typeof value === 'string' ? JSON.stringify(value) : String(value))) ?? `an ${typeof value}`
