/** Why values did not get on the wire, as the error that their sender is told. */
import { NotCloneableError, TroupeError } from '../errors/catalogue.ts'
import type { Path } from '../wire/marks.ts'
import { canClone, findUncloneable, nameOfStep, type Uncloneable, UnsendableError } from '../wire/uncloneable.ts'

export interface Refused {
  /** What the values are of: `call of "images.resize"`. */
  readonly subject: string
  readonly values: readonly unknown[]
  /** What each of the values is called: `argument 0`, `result`. */
  readonly names: readonly string[]
  readonly reason: unknown
  /** Whether a value goes through to another process; absent where structured clone alone decides. */
  readonly carries?: ((value: unknown) => boolean) | undefined
}

export function refusal({ subject, values, names, reason, carries }: Refused): Error {
  if (reason instanceof TroupeError) return reason
  const { path, found } =
    reason instanceof UnsendableError ? namedPlace(reason, names) : firstUncloneable(values, names, carries ?? canClone)
  return new NotCloneableError(subject, path, found, {
    cause: reason instanceof UnsendableError ? reason.cause : reason,
    to: carries ? 'process' : 'thread',
  })
}

function namedPlace({ at, found }: UnsendableError, names: readonly string[]): Uncloneable {
  if (typeof at === 'string') return { path: at, found }
  const [index, ...steps] = at as [number, ...Path]
  return { path: names[index] + steps.map(nameOfStep).join(''), found }
}

function firstUncloneable(
  values: readonly unknown[],
  names: readonly string[],
  carries: (value: unknown) => boolean,
): Uncloneable {
  const all = values.map((value, index) => ({ value, name: names[index]! }))
  const bad = all.find(({ value }) => !carries(value)) ?? all[0]!
  return findUncloneable(bad.value, bad.name, carries)
}

/** The words of an invocation before its arguments. */
const ARGUMENTS_FROM = 2

/** The same for a call of what has stayed with the other side. @param words its values: the reference, the method, and the arguments */
export function refusedInvocation(peer: string, words: Omit<Refused, 'subject' | 'names'>): Error {
  const { reason, carries } = words
  const values = words.values.slice(ARGUMENTS_FROM)
  const names = values.map((_, index) => `argument ${index}`)
  const subject = `a call of what has stayed with ${peer}`
  if (!(reason instanceof UnsendableError) || typeof reason.at === 'string') {
    return refusal({ subject, names, values, reason, carries })
  }
  const [, place, ...steps] = reason.at as [number, number, ...Path]
  const at = [place - ARGUMENTS_FROM, ...steps]
  return refusal({ subject, names, values, reason: new UnsendableError(at, reason.found, { cause: reason.cause }) })
}
