/**
 * Looks through values for what structured clone would not carry as its owner means it: at the top, and in the plain
 * objects and arrays below it. What is inside a Map, a Set or an instance of a class is its own matter.
 */
import { type Codec, codecOf, isMarked, isProxied } from '../wire/markers.ts'
import type { Path } from '../wire/marks.ts'

export interface Found {
  readonly at: Path
  readonly value: unknown
  readonly how: Codec | 'reference' | 'stream'
}

export class Survey {
  /** The plain objects and arrays, each once. */
  readonly containers = new Set<object>()
  /** Other objects, each once: only where there are some is there something that can be moved. */
  readonly leaves = new Set<object>()
  readonly found: Found[] = []
  /** Where it is now. */
  readonly #path: (string | number)[] = []

  /** Throws what a getter throws, or a Proxy. */
  constructor(values: readonly unknown[]) {
    for (let index = 0; index < values.length; index++) this.#step(index, values[index])
  }

  #step(key: string | number, value: unknown): void {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol'))
      return
    this.#path.push(key)
    this.#visit(value)
    this.#path.pop()
  }

  #visit(value: object | symbol): void {
    const how = typeof value !== 'symbol' && isProxied(value) ? 'reference' : codecOf(value)
    if (how !== undefined) this.found.push({ at: [...this.#path], value, how })
    else if (typeof value === 'object' && Symbol.asyncIterator in value) {
      this.found.push({ at: [...this.#path], value, how: 'stream' })
      this.leaves.add(value) // a ReadableStream can also be moved
    } else if (typeof value === 'object') this.#enter(value)
  }

  #enter(value: object): void {
    if (this.containers.has(value)) return
    if (Array.isArray(value)) {
      this.containers.add(value)
      for (const index of indicesOf(value)) this.#step(index, value[index])
    } else if (isPlain(value)) {
      this.containers.add(value)
      for (const key of Object.keys(value)) this.#step(key, (value as Record<string, unknown>)[key])
    } else if (!(value instanceof Date)) this.leaves.add(value)
  }
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

/** Past these a survey begins at once: where a value is not plain after all, what was gone through is so again. */
const MOST_GLANCED_AT = 10_000
const DEEPEST_GLANCE = 100

/**
 * Whether there is nothing to survey: only primitives, in plain objects and arrays that nobody has marked. A glance takes a
 * fifth of a survey's time, since it does not remember where it is and has been: a cycle ends it as being too deep.
 */
export function arePlain(values: readonly unknown[]): boolean {
  let left = MOST_GLANCED_AT
  for (let index = 0; left > 0 && index < values.length; index++) left = glanceAt(values[index], left, 0)
  return left > 0
}

/** @returns how many values may still be looked at; 0 when it has seen enough: too many, or one that is not plain */
function glanceAt(value: unknown, left: number, depth: number): number {
  if (typeof value !== 'object' || value === null)
    return typeof value === 'function' || typeof value === 'symbol' ? 0 : left - 1
  if (depth > DEEPEST_GLANCE || isMarked(value)) return 0
  left--
  if (Array.isArray(value)) {
    if (value.length > left) return 0 // it may be mostly holes
    for (let index = 0; left > 0 && index < value.length; index++) left = glanceAt(value[index], left, depth + 1)
    return left
  }
  if (!isPlain(value)) return 0
  for (const key in value) {
    left = glanceAt((value as Record<string, unknown>)[key], left, depth + 1)
    if (left <= 0) return 0
  }
  return left
}
