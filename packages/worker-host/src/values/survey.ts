/**
 * Looks through values for what structured clone would not carry as its owner means it: at the top, and in the plain
 * objects and arrays below it. What is inside a Map, a Set or an instance of a class is its own matter.
 */
import { type Codec, codecOf, isProxied } from '../wire/markers.ts'
import type { Path } from '../wire/marks.ts'

export interface Found {
  readonly at: Path
  readonly value: unknown
  readonly how: Codec | 'reference' | 'stream'
}

export interface Survey {
  /** The plain objects and arrays, each once. */
  readonly containers: ReadonlySet<object>
  /** Other objects, each once: only among them is there something that can be moved. */
  readonly leaves: ReadonlySet<object>
  readonly found: readonly Found[]
}

/** Throws what a getter throws, or a Proxy. */
export function survey(values: readonly unknown[]): Survey {
  const containers = new Set<object>()
  const leaves = new Set<object>()
  const found: Found[] = []
  const path: (string | number)[] = []

  const visit = (value: unknown): void => {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol'))
      return
    const how = typeof value !== 'symbol' && isProxied(value) ? 'reference' : codecOf(value)
    if (how !== undefined) found.push({ at: [...path], value, how })
    else if (typeof value === 'object' && Symbol.asyncIterator in value) {
      found.push({ at: [...path], value, how: 'stream' })
      leaves.add(value) // a ReadableStream can also be moved
    } else if (typeof value === 'object') enter(value)
  }

  const enter = (value: object): void => {
    if (containers.has(value)) return
    if (Array.isArray(value)) {
      containers.add(value)
      for (const index of indicesOf(value)) step(index, value[index])
    } else if (isPlain(value)) {
      containers.add(value)
      for (const key of Object.keys(value)) step(key, (value as Record<string, unknown>)[key])
    } else leaves.add(value)
  }

  const step = (key: string | number, value: unknown): void => {
    path.push(key)
    visit(value)
    path.pop()
  }

  values.forEach((value, index) => void step(index, value))
  return { containers, leaves, found }
}

/** Of a list that is mostly holes, only those that are filled: its length can be anything. */
function indicesOf(list: readonly unknown[]): Iterable<number> {
  if (list.length <= MAX_DENSE || !isSparse(list)) return list.keys()
  return Object.keys(list)
    .map(Number)
    .filter((index) => Number.isInteger(index))
}

const MAX_DENSE = 1_000

function isSparse(list: readonly unknown[]): boolean {
  const step = Math.ceil(list.length / MAX_DENSE)
  for (let index = 0; index < list.length; index += step) if (!(index in list)) return true
  return false
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
