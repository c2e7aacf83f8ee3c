/**
 * What stands in a value that structured clone can't carry as it is. The value crosses with an empty place instead, and a
 * mark beside it says what belongs there and where that is.
 */
import type { Transferable } from 'node:worker_threads'

export type Path = readonly (string | number)[]

/** What a codec has made of a value. */
interface CodecMark {
  readonly kind: 'codec'
  readonly at: Path
  /** The codec's name, the same in both threads. */
  readonly name: string
  readonly value: unknown
}

/** A function or an object that has stayed where it is. */
export interface ReferenceMark {
  readonly kind: 'reference'
  readonly at: Path
  readonly id: number
  /** What can be called; absent for a function. */
  readonly methods?: readonly string[]
  /** It outlives the call that it is an argument of. */
  readonly isLasting?: true
}

/** An async iterable that is read from where it has stayed. */
interface StreamMark {
  readonly kind: 'stream'
  readonly at: Path
  readonly id: number
}

export type Mark = CodecMark | ReferenceMark | StreamMark

/** A list of values, ready for the wire. */
export interface Lowered {
  readonly values: readonly unknown[]
  readonly marks: readonly Mark[]
  /** Moved, not copied. */
  readonly transfer: Transferable[]
  /** Called once the record has been posted. */
  readonly onPosted: (() => void) | undefined
}

/**
 * @param record what the values are part of
 * @returns undefined for values that cross as they are
 */
export type Lower = (values: readonly unknown[], record: readonly unknown[]) => Lowered | undefined
