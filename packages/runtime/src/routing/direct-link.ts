/**
 * The caller's end of a link, from its grant to its end: sends calls to the service's thread, past all owners.
 *
 * What it is told by its owner comes as notices; what it makes of its calls, in the order they were made, is the line's.
 */
import type { ContextId } from '@troupe/worker-host'
import { memoryCarrier } from '@troupe/worker-host/owner'
import type { Call } from '../calls/call.ts'
import { extrasOf } from '../calls/call-extras.ts'
import { CallLink } from '../calls/call-link.ts'
import type { DeadlineWatch } from '../calls/deadline-watch.ts'
import { ServiceMethods } from '../calls/service-methods.ts'
import type { Death } from '../contexts/host-link.ts'
import { LINK_COUNTS, type LinkGrant } from './link-terms.ts'

export interface DirectLinkOptions {
  readonly service: string
  readonly caller: ContextId
  readonly grant: LinkGrant
  /** The way by the owners: one of them refuses what the policies don't admit, and counts it where the service is. */
  readonly routed: { send(call: Call): void }
  readonly watch: DeadlineWatch
  readonly onRoom: () => void
}

export class DirectLink {
  readonly sink: CallLink
  readonly #options: DirectLinkOptions

  constructor(options: DirectLinkOptions) {
    const { service, caller, grant, routed, watch, onRoom } = options
    const { context, port, methods, reader, window, counts } = grant
    this.#options = options
    this.sink = new CallLink({
      service,
      context,
      owner: caller,
      port,
      methods: new ServiceMethods(methods),
      extrasOf: (call, nowMs) => extrasOf(call, nowMs, reader),
      window,
      begun: memoryCarrier.countAt(counts),
      time: watch.time,
      onRoom,
      judge: routed,
      onDeadline: (atMs) => watch.expect(atMs),
      onOverdue: () => {}, // a service with methods that may be killed for it is not lent
    })
    watch.add(this.sink)
  }

  /** Has the owner know how many calls there are. */
  count(): void {
    const { counts } = this.#options.grant
    counts[LINK_COUNTS.pending] = this.sink.pending
    counts[LINK_COUNTS.succeeded] = this.sink.succeeded
    counts[LINK_COUNTS.failed] = this.sink.failed
  }

  /** @param make what the calls that have begun fail with @returns those that have not */
  close(death: Death = {}, make?: () => Error): readonly Call[] {
    this.#options.watch.remove(this.sink)
    const untouched = this.sink.close(death, make)
    this.count()
    return untouched
  }
}
