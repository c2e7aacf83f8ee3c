/**
 * What the sources of a select read, so that nothing comes to its reader twice. An iterator has one reader, and so has a
 * port: each is in one select at a time. An event of an emitter may be heard in several selects, and once in each.
 */
import { BadOptionsError } from '../errors/catalogue.ts'
import { isPort, Listening } from './listening.ts'

/** What is read of a source. */
export type Read = Listening | AsyncIterator<unknown>

/** Which select each source, iterator and port is in; and so, from a select upwards, what it is inside of. */
const owners = new WeakMap<object, object>()

export class Claims {
  readonly #select: object
  readonly #events = new Map<object, Set<string>>()

  constructor(select: object) {
    this.#select = select
  }

  /** @throws {BadOptionsError} for what is in a select already, and for a select that this one is inside of */
  check(source: object): void {
    for (let at: object | undefined = this.#select; at !== undefined; at = owners.get(at)) {
      if (at === source) throw new BadOptionsError('a select can not be a source of itself')
    }
    if (owners.has(source)) {
      throw new BadOptionsError('a source is in one select at a time, and this one is in a select already')
    }
  }

  /** @throws {BadOptionsError} as `check`, and for an event that is heard by another source of the select */
  claim(source: object, read: Read): void {
    const owned = ownedOf(source, read)
    for (const one of owned) this.check(one)
    if (read instanceof Listening) this.#hear(read)
    for (const one of owned) owners.set(one, this.#select)
  }

  release(source: object, read: Read): void {
    for (const one of ownedOf(source, read)) owners.delete(one)
    if (!(read instanceof Listening)) return
    const names = this.#events.get(read.emitter)
    names?.delete(read.name)
    if (names?.size === 0) this.#events.delete(read.emitter)
  }

  #hear({ emitter, name }: Listening): void {
    const names = this.#events.get(emitter) ?? new Set()
    if (names.has(name)) throw new BadOptionsError(`"${name}" of this emitter is a source of this select already`)
    this.#events.set(emitter, names.add(name))
  }
}

function ownedOf(source: object, read: Read): object[] {
  if (!(read instanceof Listening)) return [source, read]
  return isPort(read.emitter) && read.name === 'message' ? [source, read.emitter] : [source]
}
