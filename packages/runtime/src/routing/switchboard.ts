/**
 * Where a call by name goes: to a service of this pool, down to the pool of a context below, or up to the pool above.
 *
 *     resize              a service of this pool, or of the nearest one above that has it
 *     images/resize       a service of the pool in the context `images`, which this pool or one above has
 *     root/images/resize  the same from anywhere
 *
 * A name that no pool on the way up knows waits in the uppermost one, until the service comes or the call's deadline.
 */
import { MessagePort } from 'node:worker_threads'
import { type ContextId, PoolClosedError, SelfCallError, ServiceCrashedError, transfer } from '@troupe/worker-host'
import { type Channel, isBelow, isWithin, parentOf } from '@troupe/worker-host/owner'
import type { Call, CallRequest } from '../calls/call.ts'
import type { DeadlineWatch } from '../calls/deadline-watch.ts'
import type { ContextLink } from '../contexts/context-link.ts'
import type { Death } from '../contexts/host-link.ts'
import { ExpectedServices } from './expected-services.ts'
import { Line } from './line.ts'
import type { Loan } from './link-lender.ts'
import { LINKS, type LinkNotice } from './link-terms.ts'
import { Router } from './router.ts'
import { Way } from './way.ts'

/** Whom a context could not speak for, and what it asked in that name. */
interface ForgedCall {
  /** The context that it came from. */
  readonly from: ContextId
  readonly caller: ContextId
  readonly service: string
  readonly method: string
}

type Send = (request: CallRequest) => Promise<unknown>

export interface SwitchboardOptions {
  /** The context of this pool. */
  readonly id: ContextId
  readonly watch: DeadlineWatch
  /** A call of this pool's service of that name; undefined when it has none. */
  readonly serviceNamed: (name: string) => Send | undefined
  /** The thread of this pool's context of that name; undefined when it has none, or that has no thread. */
  readonly threadNamed: (name: string) => ContextLink | undefined
  /** Starts the dead thread of the context of that name; undefined where there is no such context. */
  readonly reopen: (name: string, isOwn: boolean) => Promise<void> | undefined
  /** A link to the service of that name; undefined when its calls are to be routed. */
  readonly lend: (name: string, caller: ContextId) => Loan | undefined
  readonly names: () => readonly string[]
  /** A call of a name that is not here; undefined when its service can't be brought to life by being asked for. */
  readonly activate: (request: CallRequest, isFromAbove: boolean) => Promise<unknown> | undefined
  readonly onForged: (call: ForgedCall) => void
}

/** Services to which this context's calls may go by a link of their own; calls of further ones are routed. */
const MAX_LINES = 64

type Origin = 'parent' | 'here'

export class Switchboard {
  readonly #options: SwitchboardOptions
  readonly #expected: ExpectedServices
  readonly #down = new Map<ContextLink, Way>()
  readonly #routers = new Set<Router>()
  #up: Way | undefined
  /** This context's own calls to services of the pools above, by name. */
  readonly #lines = new Map<string, Line>()
  #mayLink = false
  #isClosed = false

  constructor(options: SwitchboardOptions) {
    this.#options = options
    this.#expected = new ExpectedServices(options.watch, options.names)
  }

  /** Sends a call made in this context, or one that came from below. */
  route(request: CallRequest): Promise<unknown> {
    return this.#route(request, 'here')
  }

  /** A service of that name has been added. */
  announce(name: string): void {
    const send = this.#options.serviceNamed(name)
    if (send) this.#expected.release(name, send)
  }

  /** Has a call wait for the service of its name. */
  expect(request: CallRequest): Promise<unknown> {
    return this.#expected.wait(request)
  }

  /** No service of that name will come. */
  disappoint(name: string, make: () => Error): void {
    this.#expected.disappoint(name, make)
  }

  /** Sends a call to the pool above, which there is. */
  sendUp(request: CallRequest): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(unanswered({ subject: `"${request.service}.${request.method}"` }))
    return this.#up!.send(request)
  }

  /** Asks the pool above; undefined where there is none. */
  askAbove(request: CallRequest): Promise<unknown> | undefined {
    return this.#up && this.sendUp(request)
  }

  /** Asks the pool in a context below; undefined while there is none. */
  askBelow(name: string, request: CallRequest): Promise<unknown> | undefined {
    const thread = this.#options.threadNamed(name)
    return thread?.hasPool ? (this.#down.get(thread) ?? this.#openDown(thread, name)).send(request) : undefined
  }

  /** Opens the way up. */
  connectUp(port: Channel): void {
    const { id: from, watch } = this.#options
    this.#up = new Way({ from, to: parentOf(from), port, watch })
    this.#mayLink = port instanceof MessagePort // no port can be sent to another process
  }

  /** Takes the calls that the parent sends here. */
  serveParent(port: Channel): void {
    const peer = parentOf(this.#options.id)
    this.#serve({ port, peer, speaksFor: () => true, route: (request) => this.#route(request, 'parent') })
  }

  /** Takes the calls of a context below, and of those below that, until it dies. */
  serveChild(port: Channel, peer: ContextId, died: Promise<Death>): void {
    const router = this.#serve({
      port,
      peer,
      speaksFor: (caller) => isWithin(caller, peer),
      route: (request) => this.#route(request, 'here'),
    })
    void died.then((death) => {
      this.#routers.delete(router)
      router.close(new ServiceCrashedError(peer, { ...death, mayHaveRun: true }))
    })
  }

  close(): void {
    this.#isClosed = true
    this.#expected.failAll(unanswered)
    const reason = new PoolClosedError(`context "${this.#options.id}"`)
    for (const router of this.#routers) router.close(reason)
    for (const way of this.#down.values()) way.close({ cause: reason })
    for (const line of this.#lines.values()) line.close(reason)
    this.#up?.close({ cause: reason })
  }

  #route(request: CallRequest, origin: Origin): Promise<unknown> {
    const { id, serviceNamed } = this.#options
    const { service: name, within } = request
    if (this.#isClosed) return Promise.reject(unanswered({ subject: `"${name}.${request.method}"` }))
    if (name === LINKS) return this.#lend(request)
    const send = serviceNamed(name)
    if (send) return send(request)
    // There is one only for a name that leads up, which nothing but a service here could change.
    const line = origin === 'here' && !within?.isAlone ? this.#lineOf(request) : undefined
    if (line) return line.send(request)
    // A whole path means this very pool, as what the parent sends does: it is not looked for further up.
    if (isBelow(name, id)) return this.#route({ ...request, service: name.slice(id.length + 1) }, 'parent')
    const way = this.#wayDown(name)
    if (way) return way.send({ ...request, service: name.slice(name.indexOf('/') + 1) })
    const reopened = this.#reopen(request)
    if (reopened) return reopened.then(() => this.#route(request, origin))
    const activated = this.#options.activate(request, origin === 'parent')
    if (activated) return activated
    if (this.#up === undefined || origin === 'parent') return this.expect(request)
    if (within?.isAlone && isNameOf(name, within.service, parentOf(id))) {
      return Promise.reject(new SelfCallError(name, request.method))
    }
    return (this.#lineFor(request) ?? this.#up).send(request)
  }

  /** For what is called from this very context. */
  #lineOf({ service, caller }: CallRequest): Line | undefined {
    return caller === this.#options.id ? this.#lines.get(service) : undefined
  }

  /** The same, made if there is none, for a plain name. */
  #lineFor(request: CallRequest): Line | undefined {
    const { service, caller } = request
    const line = this.#lineOf(request)
    if (line !== undefined || caller !== this.#options.id) return line
    if (!this.#mayLink || service.includes('/') || this.#lines.size >= MAX_LINES) return undefined
    const { watch } = this.#options
    const made = new Line({ service, caller, way: this.#up!, watch })
    this.#lines.set(service, made)
    return made
  }

  /** A context below asks for a link: the owner of the service gives it, or nobody. */
  async #lend(request: CallRequest): Promise<AsyncIterable<LinkNotice> | undefined> {
    const { args, caller, within } = request
    const name = String(args[0])
    const { serviceNamed, lend } = this.#options
    if (serviceNamed(name) === undefined)
      return this.#mayLink ? handedDown(this.#up!.send({ ...request, passed: undefined })) : undefined
    const loan = lend(name, caller)
    if (loan !== undefined) within?.follow(loan)
    return loan?.notices()
  }

  #reopen({ service, caller }: CallRequest): Promise<void> | undefined {
    const end = service.indexOf('/')
    return end < 0 ? undefined : this.#options.reopen(service.slice(0, end), caller === this.#options.id)
  }

  /** By the first step of the path. */
  #wayDown(path: string): Way | undefined {
    const end = path.indexOf('/')
    const thread = end < 0 ? undefined : this.#options.threadNamed(path.slice(0, end))
    return thread && (this.#down.get(thread) ?? this.#openDown(thread, path.slice(0, end)))
  }

  #openDown(thread: ContextLink, name: string): Way {
    const { id: from, watch } = this.#options
    const way = new Way({ from, to: `${from}/${name}`, port: thread.openPool(), watch })
    this.#down.set(thread, way)
    void thread.died.then((death) => {
      this.#down.delete(thread)
      way.close(death)
    })
    return way
  }

  #serve(options: Pick<ConstructorParameters<typeof Router>[0], 'port' | 'peer' | 'speaksFor' | 'route'>): Router {
    const router = new Router({
      ...options,
      onForged: (call) => this.#options.onForged({ ...call, from: options.peer }),
    })
    this.#routers.add(router)
    return router
  }
}

/** What an owner further up has answered, its port moved on. */
async function handedDown(answer: Promise<unknown>): Promise<AsyncIterable<LinkNotice> | undefined> {
  const notices = (await answer) as AsyncIterable<LinkNotice> | undefined
  return notices && moved(notices)
}

async function* moved(notices: AsyncIterable<LinkNotice>): AsyncGenerator<LinkNotice> {
  for await (const notice of notices) {
    yield notice === 'leave' || 'answers' in notice ? notice : transfer(notice, [notice.port])
  }
}

const unanswered = ({ subject }: Pick<Call, 'subject'>): Error => new PoolClosedError(`${subject} was not answered`)

/** Whether the name, seen from a context below, leads to that service of the pool in `pool`. */
const isNameOf = (name: string, service: string, pool: ContextId): boolean =>
  name === service || name === `${pool}/${service}`
