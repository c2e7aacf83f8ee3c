/**
 * The receiving end of a way between two contexts: takes the calls that come in on it, and passes each on to its service.
 *
 * Who calls is judged here, by the port: what comes from a child is the child's own call, or that of a context below it,
 * whatever the message says. What comes from the parent is what the parent says, since it made this context.
 */
import { type ContextId, NotAuthorizedError } from '@troupe/worker-host'
import {
  type CallScope,
  CallScopes,
  type Carried,
  type Channel,
  Dispatcher,
  type ExposedMethod,
  type PassOn,
} from '@troupe/worker-host/owner'
import type { CallRequest } from '../calls/call.ts'
import { systemTurnClock } from '../calls/turn-clock.ts'

export interface RouterOptions {
  /** The context at the other end. */
  readonly peer: ContextId
  readonly port: Channel
  /** Whose calls the peer may send here. */
  readonly speaksFor: (caller: ContextId) => boolean
  /** The pool that finds the service. */
  readonly route: (request: CallRequest) => Promise<unknown>
  /** A caller was claimed for which the peer can't speak; the method was not reached. */
  readonly onForged: (question: {
    readonly service: string
    readonly method: string
    readonly caller: ContextId
  }) => void
}

/** More than any program's services have methods; a peer that makes up names must not fill this end's memory. */
const MAX_ROUTES = 65_536

/** Of a routed call: the service's own pool knows the method, and its abort comes by the scope. */
const UNKNOWN = { isIdempotent: false, signal: undefined }

/** What a router's dispatcher calls itself. */
const ROUTER = 'router'

/** No method of a router reads its scope after an `await`. */
class Unscoped {}

const OPEN = {
  portable: [],
  policies: [],
  allPolicies: [],
  isCast: false,
  isIdempotent: false,
  killAfterMs: undefined,
  isStream: false,
}

export class Router {
  readonly #options: RouterOptions
  readonly #dispatcher: Dispatcher
  #routes = 0

  constructor(options: RouterOptions) {
    this.#options = options
    const { peer, port } = options
    this.#dispatcher = new Dispatcher({
      service: ROUTER,
      context: peer,
      caller: peer,
      target: this,
      methods: [],
      declare: (declaration) => this.#declare(declaration),
      port,
      begun: { value: 0 },
      isSerialized: false,
      scopes: new CallScopes(Unscoped, Object.prototype),
      passesOn: true,
    })
    this.#dispatcher.release()
  }

  /** The peer is gone: what it has asked for is aborted. */
  close(reason: unknown): void {
    this.#dispatcher.abandon(reason)
    this.#options.port.close()
  }

  #declare(declaration: unknown): ExposedMethod | undefined {
    if (!isDeclaration(declaration) || this.#routes >= MAX_ROUTES) return undefined
    this.#routes++
    const [service, method, caller] = declaration
    const { speaksFor } = this.#options
    const run = speaksFor(caller) ? this.#passOn(service, method, caller) : this.#refuse(service, method, caller)
    return { ...OPEN, name: method, run: run as unknown as ExposedMethod['run'] }
  }

  #passOn(service: string, method: string, caller: ContextId): PassOn {
    const { isIdempotent, signal } = UNKNOWN
    const straightFrom = caller === this.#options.peer ? service : undefined
    return (within, args) => {
      within.straightFrom = straightFrom
      const timeoutMs = within.remainingAt(systemTurnClock.turnMs())
      const carried = carriedBy(within)
      const passed = within
      return this.#options.route({
        service,
        method,
        args,
        caller,
        isIdempotent,
        signal,
        timeoutMs,
        carried,
        within,
        passed,
      })
    }
  }

  #refuse(service: string, method: string, caller: ContextId): PassOn {
    return () => {
      this.#options.onForged({ service, method, caller })
      throw new NotAuthorizedError(service, method, this.#options.peer)
    }
  }
}

function isDeclaration(value: unknown): value is readonly [string, string, ContextId] {
  return Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === 'string')
}

function carriedBy({ trace, stores }: CallScope): Carried | undefined {
  if (trace === undefined && stores === undefined) return undefined
  return { ...(trace && { trace }), ...(stores && { stores }) }
}
