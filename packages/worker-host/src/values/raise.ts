/**
 * Puts back what was taken out of values on the other side. Marks come from a peer, so nothing in them is taken for
 * granted: a path leads through own members of plain objects and arrays alone, to a place that was left empty.
 */
import { BadArgumentsError, messageOf } from '../errors/catalogue.ts'
import { codecNamed } from '../wire/markers.ts'
import { isCallable } from './exports.ts'

/** Where what has stayed with the other side is reached from here. */
export interface Reach {
  reference(id: number, methods: readonly string[] | undefined, isLasting: boolean): unknown
  stream(id: number): unknown
}

/** The value of a record that is marked: `[[value], marks]`. Errors as for `raiseAll`. */
export function raise(marked: unknown, reach: Reach): unknown {
  if (!Array.isArray(marked) || !Array.isArray(marked[0])) throw malformed('a marked value was expected')
  return raiseAll(marked[0], marked[1], reach)[0]
}

/**
 * Changes the values, which are fresh from the wire.
 *
 * @throws {BadArgumentsError} ERR_TROUPE_BAD_ARGUMENTS for marks that make no sense, and for a codec that is not registered
 *   here; else what a codec throws
 */
export function raiseAll(values: unknown[], marks: unknown, reach: Reach): unknown[] {
  if (!Array.isArray(marks)) throw malformed(`a list of marks was expected, found ${typeof marks}`)
  for (const mark of marks as unknown[]) {
    if (typeof mark !== 'object' || mark === null) throw malformed(`a mark was expected, found ${messageOf(mark)}`)
    const { container, key } = placeOf(values, (mark as Unchecked).at)
    container[key] = revive(mark, reach)
  }
  return values
}

/** Sent by someone. */
type Unchecked = { readonly [name in 'kind' | 'at' | 'name' | 'value' | 'id' | 'methods' | 'isLasting']?: unknown }

function revive({ kind, name, value, id, methods, isLasting }: Unchecked, reach: Reach): unknown {
  switch (kind) {
    case 'codec': {
      const codec = typeof name === 'string' ? codecNamed(name) : undefined
      if (codec === undefined) throw malformed(`the codec ${messageOf(name)} is not registered in this thread`)
      return codec.handler.deserialize(value)
    }
    case 'reference':
      if (!isId(id) || !(methods === undefined || isNames(methods))) throw malformed('a reference without an id')
      return reach.reference(id, methods, isLasting === true)
    case 'stream':
      if (!isId(id)) throw malformed('a stream without an id')
      return reach.stream(id)
    default:
      throw malformed(`no kind of mark: ${messageOf(kind)}`)
  }
}

const isId = (id: unknown): id is number => Number.isInteger(id) && (id as number) >= 0

const isNames = (names: unknown): names is string[] =>
  Array.isArray(names) && names.every((name) => typeof name === 'string' && isCallable(name))

interface Place {
  readonly container: Record<string | number, unknown>
  readonly key: string | number
}

function placeOf(values: unknown[], at: unknown): Place {
  if (!Array.isArray(at) || at.length === 0) throw malformed('a mark without a path')
  let container: unknown = values
  for (const key of at.slice(0, -1)) container = member(container, key)
  const key: unknown = at.at(-1)
  if (member(container, key) !== null) throw malformed('a mark for a place that is not empty')
  return { container, key } as Place
}

function member(container: unknown, key: unknown): unknown {
  const isStep = Array.isArray(container) ? Number.isInteger(key) : typeof key === 'string' && isPlain(container)
  if (!isStep || !Object.hasOwn(container as object, key as string)) throw malformed('a mark whose path leads nowhere')
  return (container as Record<string, unknown>)[key as string]
}

const isPlain = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

const malformed = (message: string): BadArgumentsError =>
  new BadArgumentsError('a message from another thread', [{ path: 'marks', message }])
