/**
 * What `transfer(value, transferables)` has said of values.
 *
 * Troupe's own `transfer` notes it. Comlink's keeps it to itself, so for other values it is Comlink that is asked: a call
 * through an endpoint of ours, which goes nowhere and sees what would be moved. That costs about 9 µs, most of it for the
 * random id of the call, so it is asked only about values that hold an object which it pays to move.
 */
import { isMarkedAsUntransferable, type Transferable } from 'node:worker_threads'
import { type Endpoint, wrap } from 'comlink'
import { isMarked } from '../wire/markers.ts'
import { forgetNoted, notedOf } from '../wire/moved-notes.ts'
import { isPrimitive } from '../wire/snapshot.ts'
import { UnsendableError } from '../wire/uncloneable.ts'

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

/** Copying 16 KiB costs 3 µs, and so less than the question whether Comlink was told to move them. */
const ASK_ABOVE_BYTES = 16_384

export interface Moving {
  readonly transfer: Transferable[]
  /** To be called once they have left. */
  readonly onPosted: (() => void) | undefined
}

export const nothing = (): Moving => ({ transfer: [], onPosted: undefined })

/**
 * The objects that are to be moved along with these.
 *
 * What Troupe's `transfer` has marked is moved. What only Comlink's has is copied all the same where it is not worth the
 * question: buffers of up to 16 KiB, and maps and sets of primitives, which hold nothing that could be moved.
 *
 * A buffer that others use too is left out, and so it is copied: Node marks the memory that small Buffers share.
 *
 * @param containers the plain objects and arrays around the leaves, which may be marked as well
 * @throws {UnsendableError} for one that is named twice, or is gone already
 */
export function transfersOf(leaves: Iterable<object>, containers: Iterable<object>): Moving {
  const all: Transferable[] = []
  const known: object[] = []
  const unknown: object[] = []
  const look = (value: object): void => {
    const noted = notedOf(value)
    if (noted === undefined) return void unknown.push(value)
    known.push(value)
    all.push(...noted)
  }
  for (const leaf of leaves) look(leaf)
  const isAsked = unknown.some(paysToMove)
  for (const container of containers) look(container)
  for (let start = 0; isAsked && start < unknown.length; start += MOST_AT_ONCE) {
    void ask(...unknown.slice(start, start + MOST_AT_ONCE))
    all.push(...moved)
  }
  moved = []
  if (all.length === 0) return nothing()
  const transfer = all.filter((each) => !(each instanceof ArrayBuffer && isMarkedAsUntransferable(each)))
  transfer.forEach((each, index) => void check(each, transfer.indexOf(each) < index))
  return { transfer, onPosted: () => known.forEach(forgetNoted) }
}

/**
 * The same for what needs no survey: one buffer, moved by itself, beside primitives. Undefined for all else.
 *
 * @throws {UnsendableError} for one that is gone already
 */
export function movedAlone(values: readonly unknown[]): Moving | undefined {
  let alone: ArrayBuffer | undefined
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (isPrimitive(value)) continue
    if (alone !== undefined || !(value instanceof ArrayBuffer)) return undefined
    alone = value
  }
  if (alone === undefined || isMarked(alone) || isMarkedAsUntransferable(alone)) return undefined
  const noted = notedOf(alone)
  if (noted?.length !== 1 || noted[0] !== alone) return undefined
  check(alone, false)
  const moved = alone
  return { transfer: [moved], onPosted: () => forgetNoted(moved) }
}

function paysToMove(leaf: object): boolean {
  if (ArrayBuffer.isView(leaf)) return leaf.buffer.byteLength > ASK_ABOVE_BYTES
  if (leaf instanceof ArrayBuffer) return leaf.byteLength > ASK_ABOVE_BYTES
  const prototype: unknown = Object.getPrototypeOf(leaf)
  if (prototype !== Map.prototype && prototype !== Set.prototype) return true
  for (const [key, item] of (leaf as Map<unknown, unknown> | Set<unknown>).entries()) {
    if (!isPrimitive(key) || !isPrimitive(item)) return true
  }
  return false
}

function check(each: unknown, isRepeated: boolean): void {
  const subject = 'what its transfer list names'
  if (isRepeated) throw new UnsendableError(subject, 'there twice')
  if (each instanceof ArrayBuffer && each.detached) throw new UnsendableError(subject, 'moved already')
}
