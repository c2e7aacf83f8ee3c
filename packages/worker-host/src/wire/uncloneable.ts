/**
 * Finds what structured clone would not copy, for an error message that names it. Only runs once a clone has failed.
 */
export interface Uncloneable {
  /** From the root's name down: `argument 0.items[3].onDone`. */
  readonly path: string
  /** What stands there, in words: `a function`. */
  readonly found: string
}

/** Deep enough for real data, shallow enough for a stack. */
const MAX_DEPTH = 200

export function findUncloneable(value: unknown, path: string, depth = 0): Uncloneable {
  if (typeof value === 'object' && value !== null && depth < MAX_DEPTH) {
    for (const [step, read] of children(value)) {
      let child: unknown
      try {
        child = read()
      } catch (error) {
        return { path: path + step, found: `a getter that throws: ${String(error)}` }
      }
      if (!canClone(child)) return findUncloneable(child, path + step, depth + 1)
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
      yield [`.get(${printKey(key)})`, () => entry]
    }
  } else if (value instanceof Set) {
    let index = 0
    for (const member of value) yield [`.values()[${index++}]`, () => member]
  } else {
    for (const key of Object.keys(value)) yield [stepTo(value, key), () => (value as Record<string, unknown>)[key]]
  }
}

function stepTo(value: object, key: string): string {
  if (Array.isArray(value) && /^\d+$/.test(key)) return `[${key}]`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

const printKey = (key: unknown): string => (typeof key === 'string' ? JSON.stringify(key) : String(key))

function canClone(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

function describe(value: unknown): string {
  switch (typeof value) {
    case 'function':
      return value.name === '' ? 'a function' : `the function ${value.name}`
    case 'symbol':
      return 'a symbol'
    case 'object': {
      const name = value === null ? 'null' : nameOf(value)
      return name === 'Object' ? 'an object that structured clone refuses' : `a ${name}`
    }
    default:
      return `a ${typeof value}`
  }
}

function nameOf(value: object): string {
  try {
    return value.constructor.name
  } catch {
    return 'object without a readable constructor'
  }
}
