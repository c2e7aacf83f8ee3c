/**
 * Calls of services that are not there yet: each waits, within its deadline, until a service of that name comes.
 * So a module can hold the proxy of a service that starts later, and the order in which things start does not matter.
 */
import { MailboxFullError, NoSuchServiceError } from '@troupe/worker-host'
import { encodeThrown } from '@troupe/worker-host/owner'
import { Call, type CallHolder, type CallRequest, type CallTerms } from '../calls/call.ts'
import type { DeadlineWatch, Expiring } from '../calls/deadline-watch.ts'

/** As many as a mailbox takes by default. */
const CAPACITY = 16_384

/** As long as Node lets a timer run. */
const LONG_MS = 2 ** 31 - 1

const isLimited = ({ deadlineMs }: Call): boolean => deadlineMs !== Number.POSITIVE_INFINITY

export class ExpectedServices implements CallHolder, Expiring {
  readonly #watch: DeadlineWatch
  readonly #known: () => readonly string[]
  readonly #waiting = new Set<Call>()
  /** Of those, how many have a deadline: they will end, and until then the process goes on, whatever else there is. */
  #limited = 0
  #keptAlive: NodeJS.Timeout | undefined

  /** @param known the names that there are, for the error that a call ends with */
  constructor(watch: DeadlineWatch, known: () => readonly string[]) {
    this.#watch = watch
    this.#known = known
    watch.add(this)
  }

  wait(request: CallRequest): Promise<unknown> {
    const call = new Call(request, request.args, this.#watch.time)
    const outcome = call.promise()
    const depth = this.#waiting.size
    if (depth >= CAPACITY) call.fail(() => new MailboxFullError(request.service, depth, CAPACITY))
    else if (call.listen()) {
      call.holder = this
      this.#waiting.add(call)
      request.passed?.wait(encodeThrown(this.#noSuch(request)))
      if (isLimited(call)) {
        this.#watch.expect(call.deadlineMs)
        this.#limited++
        this.#keptAlive ??= setInterval(() => {}, LONG_MS)
      }
    }
    return outcome
  }

  /** A service has come: its calls go there, in their order, with what is left of their time. */
  release(name: string, send: (request: CallRequest) => Promise<unknown>): void {
    for (const call of this.#waiting) {
      if (call.terms.service !== name) continue
      this.#forget(call)
      call.terms.passed?.wait(undefined)
      const timeoutMs = this.#watch.time.leftUntil(call.deadlineMs)
      call.succeed(send({ ...call.terms, args: call.args, timeoutMs }))
    }
  }

  /** No service of that name will come. */
  disappoint(name: string, make: () => Error): void {
    for (const call of this.#waiting) {
      if (call.terms.service !== name) continue
      this.#forget(call)
      call.fail(make)
    }
  }

  /** No service will come any more. */
  failAll(make: (call: Call) => Error): void {
    this.#watch.remove(this)
    for (const call of this.#waiting) {
      this.#forget(call)
      call.fail(() => make(call))
    }
  }

  abandon(call: Call): void {
    this.#forget(call)
  }

  expire(nowMs: number): number {
    let earliestMs = Number.POSITIVE_INFINITY
    for (const call of this.#waiting) {
      if (call.deadlineMs > nowMs) earliestMs = Math.min(earliestMs, call.deadlineMs)
      else {
        this.#forget(call)
        call.expire(nowMs, undefined, this.#noSuch(call.terms))
      }
    }
    return earliestMs
  }

  #forget(call: Call): void {
    if (!this.#waiting.delete(call) || !isLimited(call) || --this.#limited > 0) return
    clearInterval(this.#keptAlive)
    this.#keptAlive = undefined
  }

  #noSuch({ service }: CallTerms): Error {
    return new NoSuchServiceError(service, this.#known())
  }
}
