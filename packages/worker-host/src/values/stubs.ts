/**
 * What of the other thread this one can call: a stub for each reference that has come. Its calls return promises, which
 * settle whatever happens to the other side; a rejection that nobody looks at is not an unhandled one, so that a method
 * may report its progress without waiting for who hears it.
 */
import { proxyMarker } from 'comlink'
import { RevokedError } from '../errors/catalogue.ts'
import { decodeThrown, type ThrownData } from '../errors/error-data.ts'

/** Who carries a stub's calls. */
export interface StubCarrier {
  invoke(id: number, reference: number, method: string | null, args: readonly unknown[]): void
  release(reference: number): void
}

/** What a stub's functions share; when they are gone, it is, and the other side is told. */
export interface Grip {
  readonly id: number
  /** Why there are no more calls of it. */
  revoked: string | undefined
}

interface Pending extends PromiseWithResolvers<unknown> {
  readonly grip: Grip
}

type StubFunction = (...args: unknown[]) => Promise<unknown>

export class Stubs {
  readonly #carrier: StubCarrier
  readonly #pending = new Map<number, Pending>()
  readonly #collected = new FinalizationRegistry<number>((id) => {
    this.#held--
    this.#carrier.release(id)
  })
  #held = 0
  #next = 0
  #closed: (() => unknown) | undefined

  constructor(carrier: StubCarrier) {
    this.#carrier = carrier
  }

  /** References of the other side that can be called. */
  get held(): number {
    return this.#held
  }

  /** Calls that have got no answer. */
  get pending(): number {
    return this.#pending.size
  }

  /** @param methods undefined for a function */
  make(id: number, methods: readonly string[] | undefined): { readonly stub: object; readonly grip: Grip } {
    const grip: Grip = { id, revoked: undefined }
    this.#collected.register(grip, id, grip)
    this.#held++
    const method = (name: string | null): StubFunction => {
      return (...args) => this.#call(grip, name, args)
    }
    const stub: object = methods === undefined ? method(null) : Object.create(null)
    for (const name of methods ?? []) Object.defineProperty(stub, name, { value: method(name), enumerable: true })
    Object.defineProperty(stub, Symbol.dispose, { value: () => this.#release(grip) })
    // It can be handed on, as what it stands for could: the way then leads through here.
    Object.defineProperty(stub, proxyMarker, { value: true })
    return { stub, grip }
  }

  /** The other side has let go of it by itself. */
  revoke(grip: Grip, why: string): void {
    if (grip.revoked !== undefined) return
    grip.revoked = why
    this.#held--
    this.#collected.unregister(grip)
  }

  /** The same, and nobody waits for what it was called for either. */
  cut(grip: Grip, reason: unknown): void {
    this.revoke(grip, 'its call has been cut short')
    for (const [id, waiting] of this.#pending) if (waiting.grip === grip) this.fail(id, reason)
  }

  /** @param read gives the value, or throws what is wrong with it */
  settle(id: number, read: () => unknown): void {
    const waiting = this.#take(id)
    try {
      waiting?.resolve(read())
    } catch (error) {
      waiting?.reject(error)
    }
  }

  fail(id: number, error: unknown): void {
    this.#take(id)?.reject(error)
  }

  /** Rejects what waits, with an error made for each. */
  failPending(make: () => unknown): void {
    for (const id of [...this.#pending.keys()]) this.fail(id, make())
  }

  /** There is no other side any more. */
  close(make: () => unknown): void {
    this.#closed ??= make
    this.failPending(make)
  }

  #call(grip: Grip, method: string | null, args: readonly unknown[]): Promise<unknown> {
    const waiting = { ...Promise.withResolvers<unknown>(), grip }
    waiting.promise.catch(() => {})
    if (this.#closed !== undefined) waiting.reject(this.#closed())
    else if (grip.revoked !== undefined) waiting.reject(new RevokedError(nameOf(method), grip.revoked))
    else {
      const id = this.#next++
      this.#pending.set(id, waiting)
      this.#carrier.invoke(id, grip.id, method, args)
    }
    return waiting.promise
  }

  #take(id: number): Pending | undefined {
    const waiting = this.#pending.get(id)
    this.#pending.delete(id)
    return waiting
  }

  #release(grip: Grip): void {
    if (grip.revoked !== undefined || this.#closed !== undefined) return
    this.revoke(grip, 'it was let go')
    this.#carrier.release(grip.id)
  }
}

const nameOf = (method: string | null): string => (method === null ? 'the function' : `"${method}"`)

/** A malformed fault is a fault all the same. */
export function faultOf(data: unknown): unknown {
  try {
    return decodeThrown(data as ThrownData)
  } catch {
    return new RevokedError('what was called', 'its answer could not be read')
  }
}
