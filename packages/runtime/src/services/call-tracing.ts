/**
 * Calls as their owner sees them, told on Node's diagnostics channels, by the rules of a `TracingChannel`:
 *
 *     import { tracingChannel } from 'node:diagnostics_channel'
 *     tracingChannel('troupe:call').subscribe({ start(message) { … }, asyncEnd(message) { … }, error(message) { … } })
 *
 * `start` and `end` enclose the making of the call, `asyncStart` and `asyncEnd` follow when it has settled, `error` comes
 * before them when it has failed; all with one message, which then has `result` or `error`. A stream is a call from its
 * reader's first `next` until its end. While nobody subscribes, nothing is made.
 */
import { tracingChannel } from 'node:diagnostics_channel'
import type { ContextId } from '@troupe/worker-host'
import type { RemoteStream } from '@troupe/worker-host/owner'
import { type CallRequest, type CallTerms, requestOf } from '../calls/call.ts'
import type { Invoker } from '../calls/invoker.ts'
import { GatedStream } from '../layers/gated-stream.ts'

/** What the channels `tracing:troupe:call:*` carry. */
export interface CallMessage {
  readonly service: string
  readonly method: string
  readonly caller: ContextId
  readonly args: readonly unknown[]
  readonly traceparent: string | undefined
  result?: unknown
  error?: unknown
}

const channel = tracingChannel<object, CallMessage>('troupe:call')

export function callTraced(invoker: Invoker, terms: CallTerms, args: readonly unknown[]): Promise<unknown> {
  return channel.hasSubscribers ? invokeTraced(invoker, requestOf(terms, args)) : invoker.receiveCall(terms, args)
}

export function invokeTraced(invoker: Invoker, request: CallRequest): Promise<unknown> {
  if (!channel.hasSubscribers) return invoker.receive(request)
  return channel.tracePromise(() => invoker.receive({ ...request, passed: undefined }), messageOf(request))
}

export function streamTraced(invoker: Invoker, request: CallRequest): RemoteStream<unknown> {
  if (!channel.hasSubscribers) return invoker.receiveStream(request)
  const message = messageOf(request)
  return new GatedStream(
    (begin) =>
      channel.start.runStores(message, () => {
        try {
          return begin(invoker.receiveStream(request))
        } finally {
          channel.end.publish(message)
        }
      }),
    (failure) => {
      if (failure) {
        message.error = failure.error
        channel.error.publish(message)
      }
      channel.asyncStart.publish(message)
      channel.asyncEnd.publish(message)
    },
  )
}

function messageOf({ service, method, caller, args, carried }: CallRequest): CallMessage {
  return { service, method, caller, args, traceparent: carried?.trace?.traceparent }
}
