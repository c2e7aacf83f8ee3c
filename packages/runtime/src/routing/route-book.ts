/**
 * The caller's end of a way between two contexts: gives each route that is used a number.
 *
 * A route is a service, a method and the caller. It is declared once, ahead of its first call; after that a routed call
 * is as small as any other.
 */
import type { ContextId } from '@troupe/worker-host'
import type { RouteDeclaration } from '@troupe/worker-host/owner'
import type { CallTerms } from '../calls/call.ts'
import type { KnownMethod, MethodBook } from '../calls/method-book.ts'

/** By service, method and caller; in turn, since making one key of them would cost more than the look-ups. */
type Routes = Map<string, Map<string, Map<ContextId, KnownMethod>>>

export class RouteBook implements MethodBook {
  /** All callers are in the routes. */
  readonly size = 0
  readonly #declare: (number: number, declaration: RouteDeclaration) => void
  readonly #routes: Routes = new Map()
  #count = 0

  /** @param declare sends the declaration at once: it comes in before what is sent after it */
  constructor(declare: (number: number, declaration: RouteDeclaration) => void) {
    this.#declare = declare
  }

  /** Every route is known: whether it leads anywhere is told by the other end. */
  find({ service, method, caller }: CallTerms): KnownMethod {
    return this.#routes.get(service)?.get(method)?.get(caller) ?? this.#open(service, method, caller)
  }

  #open(service: string, method: string, caller: ContextId): KnownMethod {
    const route = knownMethod(this.#count++, method, caller)
    const methods = this.#routes.get(service) ?? new Map<string, Map<ContextId, KnownMethod>>()
    const callers = methods.get(method) ?? new Map<ContextId, KnownMethod>()
    this.#routes.set(service, methods.set(method, callers.set(caller, route)))
    this.#declare(route.number, [service, method, caller])
    return route
  }
}

/** A method of which this end knows nothing but its number: the other end asks its policies. */
function knownMethod(number: number, name: string, caller: ContextId): KnownMethod {
  const description = {
    name,
    isStream: false,
    policies: [],
    isIdempotent: false,
    isCast: false,
    killAfterMs: undefined,
  }
  return { number, description, admitted: new Map([[caller, true]]), lastAdmitted: caller }
}
