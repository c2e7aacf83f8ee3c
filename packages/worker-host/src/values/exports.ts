/**
 * What of this thread the other one can call: the functions and objects marked by `proxy()` that were sent there. Each
 * sending is one reference, with a list of methods that is made then and there: nothing else of an object can be reached.
 */
import { RESERVED_NAMES } from '../access/reserved-names.ts'
import { NoSuchMethodError, RevokedError, TooManyReferencesError } from '../errors/catalogue.ts'
import { Service } from '../service/service.ts'
import type { Path } from '../wire/marks.ts'
import { UnsendableError } from '../wire/uncloneable.ts'

/** References that one side may hold to objects of the other. */
export const MAX_REFERENCES = 10_000

type Method = (...args: unknown[]) => unknown

interface Export {
  readonly target: object
  /** Undefined for a function. */
  readonly methods: ReadonlyMap<string, Method> | undefined
}

export class Exports {
  readonly #peer: string
  readonly #kept = new Map<number, Export>()
  #next = 0

  /** @param peer who holds them, in words */
  constructor(peer: string) {
    this.#peer = peer
  }

  get size(): number {
    return this.#kept.size
  }

  /** @throws {TooManyReferencesError} ERR_TROUPE_TOO_MANY_REFERENCES */
  keep(target: object, at: Path): { readonly id: number; readonly methods?: readonly string[] } {
    if (target instanceof Service) throw new UnsendableError(at, 'a service, which is reached by its own proxy')
    if (this.#kept.size >= MAX_REFERENCES) throw new TooManyReferencesError(this.#peer, MAX_REFERENCES)
    const id = this.#next++
    const methods = typeof target === 'function' ? undefined : methodsOf(target)
    this.#kept.set(id, { target, methods })
    return methods === undefined ? { id } : { id, methods: [...methods.keys()] }
  }

  release(id: number): void {
    this.#kept.delete(id)
  }

  clear(): void {
    this.#kept.clear()
  }

  /** Errors are the function's own, or say that it can't be reached. */
  call(id: unknown, name: unknown, args: readonly unknown[]): unknown {
    const kept = this.#kept.get(id as number)
    if (kept === undefined) throw new RevokedError('what was called', 'its call has ended, or it was let go')
    if (kept.methods === undefined) return Reflect.apply(kept.target as Method, undefined, args)
    const method = kept.methods.get(name as string)
    if (method === undefined) throw new NoSuchMethodError(this.#peer, typeof name === 'string' ? name : typeof name)
    return Reflect.apply(method, kept.target, args)
  }
}

export const isCallable = (name: string): boolean => !RESERVED_NAMES.has(name)

/** Its own functions, and the methods of its class and of those above; never a getter, nor what every object has. */
function methodsOf(target: object): ReadonlyMap<string, Method> {
  const found = new Map<string, Method | undefined>()
  let at: object | null = target
  while (at !== null && at !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const value: unknown = Object.getOwnPropertyDescriptor(at, name)?.value
      if (isCallable(name) && !found.has(name))
        found.set(name, typeof value === 'function' ? (value as Method) : undefined)
    }
    at = Object.getPrototypeOf(at) as object | null
  }
  return new Map([...found].filter((entry): entry is [string, Method] => entry[1] !== undefined))
}
