/**
 * Makes values ready for the wire: finds what is marked in them, takes it out, and says in marks what was taken from where.
 * The values themselves stay as they are; where something is taken out, the objects around it are copied.
 */
import type { Transferable } from 'node:worker_threads'
import type { Lowered, Mark, Path, ReferenceMark } from '../wire/marks.ts'
import { isOfPool } from '../wire/snapshot.ts'
import { UnsendableError } from '../wire/uncloneable.ts'
import { movedAlone, nothing, transfersOf } from './moved.ts'
import { arePlain, type Found, Survey } from './survey.ts'

/** Where what stays in this thread is kept for the other, under the record that it was sent with. */
export interface Keep {
  /** Throws what keeps it from being called from there. */
  reference(target: object, at: Path, record: readonly unknown[]): Omit<ReferenceMark, 'kind' | 'at'>
  /** Its number. Throws what keeps it from being read from there. */
  stream(source: AsyncIterable<unknown>, at: Path, record: readonly unknown[]): number
  /** What was marked so is not sent after all. */
  forget(marks: readonly Mark[]): void
}

/**
 * @returns undefined for values that cross as they are, also for those that can't be read: the clone then tells why
 * @throws {UnsendableError} for what can't be moved, or what a codec does not get done
 */
export function lower(values: readonly unknown[], record: readonly unknown[], keep: Keep): Lowered | undefined {
  const alone = movedAlone(values)
  if (alone !== undefined) return { values, marks: [], ...alone }
  const seen = surveyOf(values)
  if (seen === undefined) return undefined
  const { containers, leaves, found } = seen
  const { transfer, onPosted } = leaves.size === 0 ? nothing() : transfersOf(leaves, containers)
  const staying = found.filter(({ how, value }) => how !== 'stream' || !transfer.includes(value as Transferable))
  const pooled = [...leaves].filter(isOfPool) as Uint8Array[]
  if (staying.length + pooled.length === 0) {
    return transfer.length === 0 ? undefined : { values, marks: [], transfer, onPosted }
  }
  const marks: Mark[] = []
  /** What stays in this thread, and stands in two places, is one thing at the other side too. */
  const kept = new Map<unknown, Mark>()
  try {
    for (const each of staying) {
      const known = kept.get(each.value)
      const mark = known ? { ...known, at: each.at } : encode(each, transfer, record, keep)
      if (mark.kind !== 'codec') kept.set(each.value, mark)
      marks.push(mark)
    }
  } catch (error) {
    keep.forget(marks)
    throw error
  }
  return { values: without(values, containers, staying, pooled), marks, transfer, onPosted }
}

function encode({ at, value, how }: Found, transfer: Transferable[], record: readonly unknown[], keep: Keep): Mark {
  if (how === 'reference') return { kind: how, at, ...keep.reference(value as object, at, record) }
  if (how === 'stream') return { kind: how, at, id: keep.stream(value as AsyncIterable<unknown>, at, record) }
  const { name, handler } = how
  try {
    const [serialized, transferables] = handler.serialize(value)
    transfer.push(...(transferables as Transferable[]))
    return { kind: 'codec', at, name, value: serialized }
  } catch (cause) {
    throw new UnsendableError(at, `refused by the codec "${name}"`, { cause })
  }
}

/** A copy of the containers, with the places of what was found left empty, and each small Buffer in a memory of its own. */
function without(
  values: readonly unknown[],
  containers: ReadonlySet<object>,
  found: readonly Found[],
  pooled: readonly Uint8Array[],
): readonly unknown[] {
  const copies = new Map<unknown, unknown>([...containers].map((each) => [each, Array.isArray(each) ? [] : {}]))
  for (const view of pooled) copies.set(view, new Uint8Array(view))
  for (const { value } of found) copies.set(value, null)
  const copied = (value: unknown): unknown => (copies.has(value) ? copies.get(value) : value)
  for (const container of containers) {
    const copy = copies.get(container) as object
    if (Array.isArray(container)) (copy as unknown[]).length = container.length // holes stay holes
    for (const key of Object.keys(container)) {
      const value = copied((container as Record<string, unknown>)[key])
      Object.defineProperty(copy, key, { value, enumerable: true, writable: true, configurable: true })
    }
  }
  return values.map(copied)
}

function surveyOf(values: readonly unknown[]): Survey | undefined {
  try {
    return arePlain(values) ? undefined : new Survey(values)
  } catch {
    return undefined
  }
}
