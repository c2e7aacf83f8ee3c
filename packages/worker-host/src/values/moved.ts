/**
 * What `transfer(value, transferables)` has said of values.
 *
 * Troupe's own `transfer` notes it. Comlink's keeps it to itself, so for other values it is Comlink that is asked: a call
 * through an endpoint of ours, which goes nowhere and sees what would be moved. That costs about 7 µs, most of it for the
 * random id of the call, so it is asked only about values that hold an object which may be moved.
 */
import { isMarkedAsUntransferable, type Transferable } from 'node:worker_threads'
import { type Endpoint, wrap } from 'comlink'
import { UnsendableError } from '../wire/uncloneable.ts'
import { takeNoted } from './comlink.ts'

interface Message {
  readonly id: string
}

let moved: readonly Transferable[] = []
let answer: (event: { readonly data: unknown }) => void

const ask = wrap<(...values: unknown[]) => undefined>({
  postMessage: ({ id }: Message, transferables?: readonly Transferable[]) => {
    moved = transferables ?? []
    answer({ data: { id, type: 'RAW' } }) // else Comlink would wait for it, for ever
  },
  addEventListener: (_type: string, listener: typeof answer) => {
    answer = listener
  },
  removeEventListener: () => {},
} as unknown as Endpoint)

/** More could be too many for one call's arguments. */
const MOST_AT_ONCE = 1_000

/**
 * The objects that are to be moved along with these.
 *
 * A buffer that others use too is left out, and so it is copied: Node marks the memory that small Buffers share.
 *
 * @throws {UnsendableError} for one that is named twice, or is gone already
 */
export function transfersOf(values: readonly object[]): Transferable[] {
  const all: Transferable[] = []
  const unknown: object[] = []
  for (const value of values) {
    const noted = takeNoted(value)
    if (noted === undefined) unknown.push(value)
    else all.push(...noted)
  }
  for (let start = 0; start < unknown.length; start += MOST_AT_ONCE) {
    void ask(...unknown.slice(start, start + MOST_AT_ONCE))
    all.push(...moved)
  }
  moved = []
  if (all.length === 0) return all
  const own = all.filter((each) => !(each instanceof ArrayBuffer && isMarkedAsUntransferable(each)))
  own.forEach((each, index) => void check(each, own.indexOf(each) < index))
  return own
}

function check(each: unknown, isRepeated: boolean): void {
  const subject = 'what its transfer list names'
  if (isRepeated) throw new UnsendableError(subject, 'there twice')
  if (each instanceof ArrayBuffer && each.detached) throw new UnsendableError(subject, 'moved already')
}
