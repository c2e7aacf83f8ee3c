/**
 * The parts of a pool, and which of them asks which: `Places` for threads and processes, `Switchboard` for calls by name,
 * `ActivationDesk`, … What each promises stands in its own file; here is only how they are put together.
 */
import { type ContextId, DuplicateNameError, PoolClosedError, systemClock } from '@troupe/worker-host'
import { ActivationDesk, DESK } from '../activation/activation-desk.ts'
import { Activator } from '../activation/activator.ts'
import { AllowedModules } from '../activation/allowed-modules.ts'
import { type CallRequest, type CallTerms, type RefusedCall, requestOf } from '../calls/call.ts'
import { DeadlineWatch } from '../calls/deadline-watch.ts'
import { termsNow } from '../calls/terms-now.ts'
import type { Home } from '../contexts/home.ts'
import type { ServiceGraph } from '../graph/service-graph.ts'
import { requireModule } from '../modules/module-url.ts'
import { ProxyObject, type ServiceProxy } from '../proxy/service-proxy.ts'
import { Switchboard } from '../routing/switchboard.ts'
import type { PoolOptions } from '../specs/pool-options.ts'
import { requireServiceName, requireText } from '../specs/required.ts'
import { Contexts } from './contexts.ts'
import { Places } from './places.ts'
import { graphOf } from './pool-graph.ts'
import { POOL_SERVICE, PoolService } from './pool-service.ts'
import { Refusals } from './refusals.ts'
import { Services } from './services.ts'

export class PoolParts {
  readonly id: ContextId
  readonly services: Services
  readonly contexts: Contexts
  readonly switchboard: Switchboard
  readonly desk: ActivationDesk
  readonly refusals: Refusals
  /** What it tells the pools next to it. */
  readonly answers: PoolService
  readonly #timeoutMs: number | null
  readonly #watch: DeadlineWatch
  readonly #places: Places
  #isClosed = false

  constructor(options: PoolOptions, home: Home) {
    const { threads, timeoutMs = 30_000, clock = systemClock, modules, activator = new Activator() } = options
    this.#watch = new DeadlineWatch(clock)
    this.#timeoutMs = timeoutMs
    this.id = home.id
    this.refusals = new Refusals(home.tellRefused)
    this.#places = new Places({
      home,
      threads,
      timeoutMs,
      onUplink: (port, id, died) => this.switchboard.serveChild(port, id, died),
      onRefused: (refusal) => this.refusals.tell(refusal),
    })
    this.services = new Services({
      home: home.id,
      clock,
      watch: this.#watch,
      timeoutMs,
      activator,
      places: this.#places,
      requireOpen: (subject) => this.requireOpen(subject),
      requireFree: (name) => this.requireFree(name),
      onComing: (name) => this.switchboard.announce(name),
      onRefused: (request) => this.#tellPolicyRefusal(request),
    })
    this.contexts = new Contexts({
      clock,
      places: this.#places,
      services: this.services,
      request: (service, method, args) => this.request(service, method, args),
      route: (request) => this.switchboard.route(request),
      proxyOf: (name) => this.proxy(name),
    })
    this.switchboard = new Switchboard({
      id: home.id,
      watch: this.#watch,
      serviceNamed: (name) => this.#sendTo(name),
      activate: (request, isFromAbove) => this.desk.take(request, isFromAbove),
      threadNamed: (name) => (this.contexts.get(name) ?? this.services.get(name))?.place.thread,
      reopen: (name, isOwn) => this.contexts.reopen(name, isOwn),
      lend: (name, caller) => this.services.get(name)?.lend(caller),
      names: () => this.services.names,
      onForged: (call) => this.refusals.tell({ ...call, reason: 'forged', at: home.id }),
    })
    this.answers = new PoolService({
      id: home.id,
      serviceNamed: (name) => this.services.get(name),
      askAbove: (request) => this.switchboard.askAbove(request),
      graph: (limitMs) => this.graph(limitMs),
      onRefused: (request) => this.#tellPolicyRefusal(request),
    })
    if (home.parent) this.switchboard.connectUp(home.parent)
    this.desk = new ActivationDesk({
      id: home.id,
      activator,
      modules: modules && new AllowedModules(modules.map(requireModule)),
      given: () => this.services.modules,
      thread: home.thread ? 'parent' : 'own',
      serviceNamed: (name) => this.services.find(name)?.send,
      spawn: (spec) => this.services.bringToLife(spec),
      above: home.parent && ((request) => this.switchboard.sendUp(request)),
      expect: (request) => this.switchboard.expect(request),
      disappoint: (name, make) => this.switchboard.disappoint(name, make),
      onRefused: (refusal) => this.refusals.tell(refusal),
    })
  }

  proxy<S>(name: string): ServiceProxy<S> {
    requireServiceName(name)
    const known = this.services.find(name)
    if (known !== undefined) return known.proxy as ServiceProxy<S>
    const call = (terms: CallTerms, args: readonly unknown[]) => this.switchboard.route(requestOf(terms, args))
    const stream = (): never => {
      throw new Error('a proxy by name has no methods of which it knows that they are streams')
    }
    const target = { service: name, caller: this.id, timeoutMs: this.#timeoutMs, call, stream }
    return new ProxyObject(target).object as ServiceProxy<S>
  }

  graph(limitMs: number): Promise<ServiceGraph> {
    const services = this.services.all()
    const places = [...this.contexts.all(), ...services].map(({ place }) => place)
    const askBelow = (name: string, request: CallRequest) => this.switchboard.askBelow(name, request)
    return graphOf({ id: this.id, services, places, limitMs, askBelow })
  }

  /** @throws {PoolClosedError} ERR_TROUPE_POOL_CLOSED from the moment that it begins to close */
  requireOpen(subject: () => string): void {
    if (this.#isClosed) throw new PoolClosedError(subject())
  }

  /** Services and contexts share their names: each stands for one place in the tree. */
  requireFree(name: string): void {
    if (this.services.get(name)) throw new DuplicateNameError(name)
    if (this.contexts.get(name)) throw new DuplicateNameError(name, 'context')
  }

  /** A service by its name, or what the pool itself answers under names that no service can have. */
  #sendTo(name: string): ((request: CallRequest) => Promise<unknown>) | undefined {
    if (name === DESK) return this.desk.serve
    return name === POOL_SERVICE ? this.answers.send : this.services.find(name)?.send
  }

  #tellPolicyRefusal({ caller, service, method }: RefusedCall): void {
    this.refusals.tell({ reason: 'policy', caller, from: caller, at: this.id, service, method })
  }

  request(service: string, method: string, args: readonly unknown[]): CallRequest {
    requireServiceName(service)
    requireText("a method's name", method)
    const terms: CallTerms = {
      service,
      method,
      caller: this.id,
      isIdempotent: false,
      signal: undefined,
      timeoutMs: this.#timeoutMs,
    }
    return requestOf(termsNow(terms), args)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#places.rest()
    await this.services.closeAll()
    await this.contexts.closeAll()
    this.answers.values.close()
    this.switchboard.close()
    this.#watch.close()
    await this.#places.close()
  }
}
