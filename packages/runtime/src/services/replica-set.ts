/**
 * The threads of a service: opened together, moved together, replaced one by one, and let go together. It keeps the
 * invoker connected to those that are in service, and settles the calls of one that has left it.
 */
import { type Clock, type ContextId, ServiceCrashedError, type TaskStats } from '@troupe/worker-host'
import { type MethodDescription, type Move, type MoveEnd, throwAll } from '@troupe/worker-host/owner'
import type { Call, RefusedCall } from '../calls/call.ts'
import { ContextDiedError, type Death } from '../contexts/host-link.ts'
import type { Place } from '../contexts/place.ts'
import { loadableModule } from '../modules/build-module.ts'
import { tellOfSource } from '../modules/load-failure.ts'
import type { Loan } from '../routing/link-lender.ts'
import type { CheckedSpec } from '../specs/service-spec.ts'
import { isStuck } from './clean-up.ts'
import { Replica } from './replica.ts'

export interface ReplicaSetOptions {
  readonly spec: CheckedSpec
  readonly place: Place
  readonly clock: Clock
  /** The context that owns the service, and whose identity its proxy has. */
  readonly owner: ContextId
  readonly onMethods: (methods: readonly MethodDescription[], className: string) => void
  /** Replies have come. */
  readonly onRoom: () => void
  /** A policy did not admit a call. */
  readonly onRefused: (call: RefusedCall) => void
  /** A thread that was in service is gone; it is out of the set, and its calls are settled. */
  readonly onDeath: (death: Death) => void
}

export class ReplicaSet {
  readonly #options: ReplicaSetOptions
  #replicas: readonly Replica[] = []
  /** What ends each thread, those that are still being started included. */
  readonly #kills = new Set<AbortController>()
  /** Ends when the service fails: what is being added to its threads then is of no more use. */
  #present = new AbortController()
  #generation = 0
  /** Counts of the threads that are gone. */
  #past = { succeeded: 0, failed: 0 }

  constructor(options: ReplicaSetOptions) {
    this.#options = options
  }

  /** Counts the replicas that there ever were. */
  get generation(): number {
    return this.#generation
  }

  /** The direct moves of the class. */
  get moves(): readonly Move[] {
    return this.#replicas[0]?.moves ?? []
  }

  get size(): number {
    return this.#replicas.length
  }

  get isComplete(): boolean {
    return this.#replicas.length >= this.#options.spec.threads
  }

  /** Calls at the threads, and how those that ended did, through all incarnations. */
  get calls(): { readonly pending: number; readonly succeeded: number; readonly failed: number } {
    const total = { pending: 0, ...this.#past }
    for (const { link, lender } of this.#replicas) {
      for (const { pending, succeeded, failed } of [link, lender.calls]) {
        total.pending += pending
        total.succeeded += succeeded
        total.failed += failed
      }
    }
    return total
  }

  /** Links that other callers have. */
  get links(): number {
    return this.#replicas.reduce((sum, { lender }) => sum + lender.size, 0)
  }

  /** A link for a caller; undefined when its calls are to be routed. */
  lend(caller: ContextId): Loan | undefined {
    return this.#replicas.length === 1 ? this.#replicas[0]!.lender.lend(caller) : undefined
  }

  /** A port for a caller's results; undefined when they go by the owner. */
  lendAnswers(caller: ContextId): Loan | undefined {
    return this.#replicas.length === 1 ? this.#replicas[0]!.lender.lendAnswers(caller) : undefined
  }

  /** Has callers give their links back, as soon as what went by them is answered. */
  recall(): void {
    for (const { lender } of this.#replicas) lender.recall()
  }

  /** Takes a caller's links back, whether it gives them or not. */
  revoke(caller: ContextId): void {
    for (const { lender } of this.#replicas) lender.revoke(caller)
  }

  /** Loads the service in all its threads. @param ahead the moves that are to follow */
  async open(ahead: readonly Move[]): Promise<void> {
    const moduleUrl = await this.#load()
    const opening = Array.from({ length: this.#options.spec.threads }, () => this.#openReplica(moduleUrl, ahead))
    const opened = await Promise.allSettled(opening)
    this.#set(opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
    const failure = opened.find((result) => result.status === 'rejected')
    if (failure) throw failure.reason
    const { methods, className } = this.#replicas[0]!
    const { name, invoker } = this.#options.spec
    invoker.queue.requireExposed(
      name,
      methods.map(({ name }) => name),
    )
    this.#options.onMethods(methods, className)
  }

  /** Adds a replica in place of one that died. @param moves brings it to where the others are */
  async addOne(moves: readonly Move[]): Promise<Replica> {
    const { signal } = this.#present
    let born: AbortController | undefined
    const kill = (): void => born?.abort(signal.reason)
    signal.addEventListener('abort', kill, { once: true })
    let replica: Replica | undefined
    try {
      const moduleUrl = await this.#load()
      signal.throwIfAborted()
      replica = await this.#openReplica(moduleUrl, moves, (birth) => {
        born = birth
      })
      for (const move of moves) await replica.carryOut(move)
      signal.throwIfAborted()
    } catch (error) {
      replica?.discard(error)
      throw error
    } finally {
      signal.removeEventListener('abort', kill)
    }
    this.#set([...this.#replicas, replica])
    return replica
  }

  /**
   * Where one fails, what the others do is waited for.
   * @param last the moves that follow for certain, until all are retired
   * @returns `gaveUp` when one of them did
   */
  async carryOut(move: Move, last?: readonly Move[]): Promise<MoveEnd> {
    const results = await Promise.allSettled(this.#replicas.map((replica) => replica.carryOut(move, last)))
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    throwAll(errors.filter((error) => error instanceof ContextDiedError).slice(0, 1), '')
    throwAll(errors, `several threads failed in their "${move.hook}" hook`)
    return results.some((result) => result.status === 'fulfilled' && result.value === 'gaveUp') ? 'gaveUp' : 'done'
  }

  heedStop(isStopping: boolean): void {
    for (const replica of this.#replicas) replica.heedStop(isStopping)
  }

  /** Of all threads together. */
  async taskStats(): Promise<TaskStats> {
    const stats = await Promise.all(this.#replicas.map((replica) => replica.taskStats()))
    const sum = (count: 'total' | 'finished' | 'pending') => stats.reduce((total, one) => total + one[count], 0)
    return {
      total: sum('total'),
      finished: sum('finished'),
      pending: sum('pending'),
      running: stats.flatMap(({ running }) => running),
      timers: stats.flatMap(({ timers }) => timers),
    }
  }

  forEach(visit: (replica: Replica) => void): void {
    this.#replicas.forEach(visit)
  }

  has(replica: Replica): boolean {
    return this.#replicas.includes(replica)
  }

  failCalls(make: (call: Pick<Call, 'subject'>) => Error): void {
    const subject = `"${this.#options.spec.name}"`
    for (const { link, lender } of this.#replicas) {
      link.failAll(make)
      lender.close(() => make({ subject }))
    }
  }

  /** The service has stopped: what its threads have not answered fails, and they end. */
  async retire(make: (call: Pick<Call, 'subject'>) => Error): Promise<void> {
    this.failCalls(make)
    const retiring = this.#replicas
    for (const replica of retiring) this.#count(replica)
    this.#set([])
    await Promise.all(retiring.map((replica) => replica.retire()))
  }

  /**
   * The service has failed: calls that had begun fail, the others go back to the mailbox. Where one of several threads has
   * failed, the others may be at work, and what waits there can be made again only when they have heard that it is held.
   * @returns the replicas, out of service; their threads may still live, for a clean-up, and are to be killed. And where it
   * was not done at once, when the calls have been settled or put back
   */
  abandon(death: Death): { readonly dying: readonly Replica[]; readonly closed?: Promise<void> } {
    const abandoned = this.#replicas
    this.#present.abort(new Error(`service "${this.#options.spec.name}" failed while a thread was added to it`))
    this.#present = new AbortController()
    this.#set([])
    const close = () => this.#putBack(abandoned.flatMap((replica) => this.#closeLink(replica, death)))
    const mayBegin = abandoned.length > 1 && !isStuck(death.cause)
    if (mayBegin) return { dying: abandoned, closed: Promise.all(abandoned.map((one) => one.hold())).then(close) }
    close()
    return { dying: abandoned }
  }

  /** Ends all threads at once, those that are being started too. @returns whether there were any */
  kill(reason: unknown): boolean {
    const kills = [...this.#kills]
    for (const kill of kills) kill.abort(reason)
    return kills.length > 0
  }

  /** Building can take a while, and a kill counts before there is a thread as well. */
  async #load(): Promise<string> {
    const kill = new AbortController()
    this.#keep(kill)
    const moduleUrl = await loadableModule(this.#options.spec.module).finally(() => this.#kills.delete(kill))
    if (kill.signal.aborted) throw new ContextDiedError({ cause: kill.signal.reason })
    return moduleUrl
  }

  /** @param onBirth given what ends its thread */
  async #openReplica(
    moduleUrl: string,
    ahead: readonly Move[],
    onBirth?: (kill: AbortController) => void,
  ): Promise<Replica> {
    const { spec, owner, place, clock, onRoom, onRefused } = this.#options
    const opened = Replica.open(place, {
      order: {
        name: spec.name,
        context: place.id,
        caller: owner,
        generation: ++this.#generation,
        moduleUrl,
        exportName: spec.exportName,
        options: spec.options,
        isSerialized: spec.invoker.queue.isSerialized,
        maxTasks: spec.maxTasks,
        ahead,
      },
      window: spec.invoker.queue.window,
      time: spec.invoker.queue.time,
      clock,
      transitionMs: spec.transitionMs,
      graceMs: spec.graceMs,
      onRoom,
      onRefused,
      onLinkReturned: onRoom,
      onDeadline: (atMs) => spec.invoker.queue.expectDeadline(atMs),
      onBirth: (kill) => {
        this.#keep(kill)
        onBirth?.(kill)
      },
    })
    const replica = await opened.catch(async (error: unknown) => {
      await tellOfSource(error, spec.module, moduleUrl)
      throw error
    })
    void replica.died.then((death) => this.#onDeath(replica, death))
    return replica
  }

  #keep(kill: AbortController): void {
    this.#kills.add(kill)
    kill.signal.addEventListener('abort', () => this.#kills.delete(kill), { once: true })
  }

  #onDeath(replica: Replica, death: Death): void {
    replica.kill(death.cause) // it is gone: this lets go of what would have ended it
    if (!this.has(replica)) return // retired, abandoned, or not in service yet
    this.#set(this.#replicas.filter((other) => other !== replica))
    this.#putBack(this.#closeLink(replica, death))
    this.#options.onDeath(death)
  }

  #closeLink(replica: Replica, death: Death): readonly Call[] {
    const untouched = replica.link.close(death)
    const { name } = this.#options.spec
    replica.lender.close(() => new ServiceCrashedError(name, { ...death, mayHaveRun: true }))
    this.#count(replica)
    return untouched
  }

  #count({ link, lender }: Replica): void {
    for (const { succeeded, failed } of [link, lender.calls]) {
      this.#past = { succeeded: this.#past.succeeded + succeeded, failed: this.#past.failed + failed }
    }
  }

  #set(replicas: readonly Replica[]): void {
    this.#replicas = replicas
    this.#options.spec.invoker.queue.connect(replicas.map(({ link }) => link))
  }

  #putBack(calls: readonly Call[]): void {
    this.#options.spec.invoker.queue.putBack(calls)
  }
}
