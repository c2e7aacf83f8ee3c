/** A text that two calls share exactly when their method and arguments are equal. */

const MAX_VALUES = 1_000

/**
 * @returns undefined for arguments that have no key: functions, symbols, class instances, cycles, very large ones, and
 *   those that can't be read, such as a getter that throws
 */
export function callKey(method: string, args: readonly unknown[]): string | undefined {
  const budget = { left: MAX_VALUES }
  try {
    let key = method
    for (let index = 0; index < args.length; index++) {
      const part = keyOf(args[index], budget)
      if (part === undefined) return undefined
      key += (index === 0 ? '(' : ',') + part
    }
    return args.length === 0 ? `${key}()` : `${key})`
  } catch {
    return undefined
  }
}

function keyOf(value: unknown, budget: { left: number }): string | undefined {
  if (budget.left-- <= 0) return undefined // a cycle ends here too
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
      return `${value}n`
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'object':
      return value === null ? 'null' : objectKey(value, budget)
    default:
      return undefined
  }
}

function objectKey(value: object, budget: { left: number }): string | undefined {
  const prototype = Object.getPrototypeOf(value)
  if (Array.isArray(value)) {
    if (Object.keys(value).length !== value.length) return undefined // sparse, or with names
    return joined(
      '[',
      value.map((element) => keyOf(element, budget)),
      ']',
    )
  }
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (prototype !== Object.prototype && prototype !== null) return undefined
  const record = value as Record<string, unknown>
  const fields = Object.keys(record).sort()
  return joined(
    '{',
    fields.map((name) => withName(name, keyOf(record[name], budget))),
    '}',
  )
}

const withName = (name: string, key: string | undefined): string | undefined =>
  key === undefined ? undefined : `${JSON.stringify(name)}:${key}`

const joined = (open: string, parts: readonly (string | undefined)[], close: string): string | undefined =>
  parts.includes(undefined) ? undefined : open + parts.join(',') + close
