/**
 * Where a pool is asked to bring services to life: by a call of a canonical name that is not alive, or by `activate`.
 *
 * First it is judged who asks, then whether the module may be activated at all; only then is anything loaded. A pool in a
 * context that has no `modules` of its own asks the one above which modules may be activated, and whether a service of that
 * name is alive further up: what is alive there is called, not made once more.
 */
import {
  ActivationDeniedError,
  BadOptionsError,
  type ContextId,
  NoSuchMethodError,
  type Refusal,
} from '@troupe/worker-host'
import { refusedBy, refusedByThrowing } from '@troupe/worker-host/owner'
import type { CallRequest } from '../calls/call.ts'
import type { ActivationQuestion, ActivationSpec, Activator } from './activator.ts'
import type { AllowedModules } from './allowed-modules.ts'

/** The name under which a pool takes questions from other pools; no service can have it. */
export const DESK = '#activator'

type Send = (request: CallRequest) => Promise<unknown>

export interface ActivationDeskOptions {
  /** The context of the pool. */
  readonly id: ContextId
  readonly activator: Activator
  /** Without it: what the pool was given, and what the pool above admits. */
  readonly modules: AllowedModules | undefined
  readonly given: () => readonly URL[]
  /** Where a service that is activated here lives: in this very context, or in one of its own. */
  readonly thread: ActivationSpec['thread']
  readonly serviceNamed: (name: string) => Send | undefined
  readonly spawn: (spec: ActivationSpec) => Promise<unknown>
  /** Sends a request to the pool above; undefined at the root. */
  readonly above: Send | undefined
  /** Has a call wait for the service of its name. */
  readonly expect: Send
  /** Fails those that wait. */
  readonly disappoint: (name: string, make: () => Error) => void
  readonly onRefused: (refusal: Refusal) => void
}

export class ActivationDesk {
  readonly #options: ActivationDeskOptions
  readonly #activating = new Map<string, Promise<void>>()

  constructor(options: ActivationDeskOptions) {
    this.#options = options
  }

  /**
   * A call of a name that is not alive here.
   * @param isFromAbove it is meant for this context, and no other
   * @returns undefined for a name that is not canonical
   */
  take(request: CallRequest, isFromAbove: boolean): Promise<unknown> | undefined {
    const { service, caller, method } = request
    const { activator, above } = this.#options
    if (activator.exportOf(service) === undefined) return undefined
    const question = this.#question(caller, service)
    if (this.#permits(question)) return this.#take(request, isFromAbove)
    return above && !isFromAbove ? above(request) : Promise.reject(this.#deny(question, { method }))
  }

  /** @throws {ActivationDeniedError} ERR_TROUPE_ACTIVATION_DENIED @returns the canonical name */
  async activate(caller: ContextId, module: URL, exportName: string): Promise<string> {
    const name = this.#options.activator.nameOf(module, exportName)
    const question = this.#question(caller, name)
    if (!this.#permits(question)) throw this.#deny(question)
    if (!(await this.#admits(module))) throw this.#deny(question, { module: module.href })
    const activating = this.#activating.get(name)
    if (activating) await activating
    else if (!this.#options.serviceNamed(name)) await this.#bring(question, module)
    return name
  }

  /** What other pools ask. */
  readonly serve: Send = async ({ method, args, caller }) => {
    const [first, second] = args as [string, string]
    switch (method) {
      case 'activate':
        return this.activate(caller, new URL(first), second)
      case 'admits':
        return this.#admits(new URL(first))
      case 'isAlive':
        return this.#options.serviceNamed(first) !== undefined || this.#isAliveAbove(first)
      case 'moduleOf':
        return (await this.#moduleOf(first))?.href
      default:
        throw new NoSuchMethodError(DESK, method)
    }
  }

  async #take(request: CallRequest, isFromAbove: boolean): Promise<unknown> {
    const { service: name, caller } = request
    const { above } = this.#options
    if (!isFromAbove && (await this.#isAliveAbove(name))) {
      // Its start may have failed there meanwhile: who may not bring it to life there may do so here.
      const isGone = (error: unknown) =>
        error instanceof ActivationDeniedError && error.service === name && error.caller === caller
      const outcome = above!({ ...request, passed: undefined })
      return outcome.catch((error: unknown) => (isGone(error) ? this.#bringHere(request) : Promise.reject(error)))
    }
    return this.#bringHere(request)
  }

  async #bringHere(request: CallRequest): Promise<unknown> {
    const { service: name, caller, method } = request
    const { serviceNamed, expect, disappoint } = this.#options
    const module = this.#activating.has(name) ? undefined : await this.#moduleOf(name)
    // It may have come, or be on its way, since somebody else has asked.
    if (!this.#activating.has(name) && !serviceNamed(name)) {
      const question = this.#question(caller, name)
      if (module === undefined) throw this.#deny(question, { method, module: 'of that name' })
      this.#bring(question, module).catch((error: Error) => disappoint(name, () => error))
    }
    const send = serviceNamed(name) ?? expect
    return send(request)
  }

  #bring(question: ActivationQuestion, module: URL): Promise<void> {
    const { activator, thread, spawn } = this.#options
    const name = question.service
    const spec = { name, module, exportName: activator.exportOf(name)!, thread }
    const activating = Promise.resolve(activator.activate({ ...question, spec, spawn }))
    this.#activating.set(name, activating)
    const forget = (): boolean => this.#activating.delete(name)
    activating.then(forget, forget)
    return activating
  }

  async #isAliveAbove(name: string): Promise<boolean> {
    return this.#options.above !== undefined && (await this.#ask('isAlive', name)) === true
  }

  async #moduleOf(name: string): Promise<URL | undefined> {
    const { above, modules } = this.#options
    const own = await this.#locate(name)
    if (own !== undefined || modules !== undefined || above === undefined) return own
    const told = await this.#ask('moduleOf', name)
    return told === undefined ? undefined : new URL(told as string)
  }

  async #locate(name: string): Promise<URL | undefined> {
    const { activator, modules, given } = this.#options
    const exportName = activator.exportOf(name)!
    const candidates = modules ? await modules.list() : given()
    const [module, ...more] = candidates.filter((candidate) => activator.nameOf(candidate, exportName) === name)
    if (more.length === 0) return module
    throw new BadOptionsError(`"${name}" stands for several modules: ${[module, ...more].join(', ')}`)
  }

  async #admits(module: URL): Promise<boolean> {
    const { modules, given, above } = this.#options
    if (modules) return modules.admits(module)
    if (given().some(({ href }) => href === module.href)) return true
    return above !== undefined && (await this.#ask('admits', module.href)) === true
  }

  /** Within the time that a transition has by default. */
  async #ask(method: string, arg: string): Promise<unknown> {
    const { id: caller, above } = this.#options
    const request = {
      service: DESK,
      method,
      args: [arg],
      caller,
      isIdempotent: true,
      signal: undefined,
      timeoutMs: 10_000,
    }
    return above!(request)
  }

  #permits(question: ActivationQuestion): boolean {
    const { id, activator } = this.#options
    const judge = `the activator of "${id}"`
    try {
      const verdict: unknown = activator.isPermitted(question)
      return verdict === true || refusedBy(verdict, judge)
    } catch (error) {
      return refusedByThrowing(error, judge)
    }
  }

  #question(caller: ContextId, service: string): ActivationQuestion {
    const { id, thread } = this.#options
    return { caller, context: thread === 'parent' ? id : `${id}/${service}`, service }
  }

  /** @param asked the method that was called, and the module, where it is that which may not be activated */
  #deny(question: ActivationQuestion, asked: { method?: string; module?: string } = {}): ActivationDeniedError {
    const { caller, context, service } = question
    const { method, module } = asked
    const refused = { reason: 'activation', caller, from: caller, at: this.#options.id, service } as const
    this.#options.onRefused(method === undefined ? refused : { ...refused, method })
    return new ActivationDeniedError(service, context, caller, module)
  }
}
