/**
 * Calls of services that are not there yet: each waits, within its deadline, until a service of that name comes.
 * So a module can hold the proxy of a service that starts later, and the order in which things start does not matter.
 */
import { DeadlineExceededError, MailboxFullError, NoSuchServiceError } from '@troupe/worker-host'
import { Call, type CallHolder, type CallRequest } from '../calls/call.ts'
import type { DeadlineWatch, Expiring } from '../calls/deadline-watch.ts'

/** As many as a mailbox takes by default. */
const CAPACITY = 16_384

export class ExpectedServices implements CallHolder, Expiring {
  readonly #watch: DeadlineWatch
  readonly #known: () => readonly string[]
  readonly #waiting = new Set<Call>()

  /** @param known the names that there are, for the error that a call ends with */
  constructor(watch: DeadlineWatch, known: () => readonly string[]) {
    this.#watch = watch
    this.#known = known
    watch.add(this)
  }

  wait(request: CallRequest): Promise<unknown> {
    const call = new Call(request, this.#watch.time)
    const outcome = call.promise()
    const depth = this.#waiting.size
    if (depth >= CAPACITY) call.fail(() => new MailboxFullError(request.service, depth, CAPACITY))
    else if (call.listen()) {
      call.holder = this
      this.#waiting.add(call)
      if (call.deadlineMs !== Number.POSITIVE_INFINITY) this.#watch.expect(call.deadlineMs)
    }
    return outcome
  }

  /** A service has come: its calls go there, in their order, with what is left of their time. */
  release(name: string, send: (request: CallRequest) => Promise<unknown>): void {
    const nowMs = this.#watch.time.now()
    for (const call of this.#waiting) {
      const { service, timeoutMs } = call.request
      if (service !== name) continue
      this.#waiting.delete(call)
      const leftMs = timeoutMs === null ? null : Math.max(1, call.deadlineMs - nowMs)
      call.succeed(send({ ...call.request, timeoutMs: leftMs }))
    }
  }

  /** No service of that name will come. */
  disappoint(name: string, make: () => Error): void {
    for (const call of this.#waiting) {
      if (call.request.service === name && this.#waiting.delete(call)) call.fail(make)
    }
  }

  /** No service will come any more. */
  failAll(make: (call: Call) => Error): void {
    this.#watch.remove(this)
    for (const call of this.#waiting) call.fail(() => make(call))
    this.#waiting.clear()
  }

  abandon(call: Call): void {
    this.#waiting.delete(call)
  }

  expire(nowMs: number): number {
    let earliestMs = Number.POSITIVE_INFINITY
    for (const call of this.#waiting) {
      if (call.deadlineMs > nowMs) earliestMs = Math.min(earliestMs, call.deadlineMs)
      else {
        this.#waiting.delete(call)
        call.fail(() => this.#late(call))
      }
    }
    return earliestMs
  }

  #late({ subject, request }: Call): Error {
    const waitedMs = request.timeoutMs!
    const error = new DeadlineExceededError(`call of ${subject}`, waitedMs, { waitedMs, ranMs: 0 })
    error.cause = new NoSuchServiceError(request.service, this.#known())
    return error
  }
}
