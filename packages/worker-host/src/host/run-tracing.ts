/**
 * Methods as they run in this thread, on the channels `tracing:troupe:run:*`: `start` and `end` enclose the synchronous
 * part, `asyncStart` and `asyncEnd` follow when the promise of an asynchronous one has settled, `error` tells of a throw or
 * a rejection. Of a stream it is the making of its generator.
 */
import { tracingChannel } from 'node:diagnostics_channel'
import { types } from 'node:util'
import type { CallScope } from '../service/call-scope.ts'

/** What the channels carry; `result` or `error` when it has ended. */
export interface RunMessage {
  readonly service: string
  readonly method: string
  readonly caller: string
  readonly traceparent: string | undefined
  result?: unknown
  error?: unknown
}

const channel = tracingChannel<object, RunMessage>('troupe:run')

/** Looked at before each run, so that nothing is made while nobody subscribes. */
export const isRunTraced = (): boolean => channel.hasSubscribers

export function traceRun({ service, method, caller, trace }: CallScope, run: () => unknown): unknown {
  const message: RunMessage = { service, method, caller, traceparent: trace?.traceparent }
  return channel.start.runStores(message, () => {
    try {
      const result = run()
      if (types.isPromise(result)) result.then(...settled(message))
      else message.result = result
      return result
    } catch (error) {
      message.error = error
      channel.error.publish(message)
      throw error
    } finally {
      channel.end.publish(message)
    }
  })
}

function settled(message: RunMessage): [(result: unknown) => void, (error: unknown) => void] {
  const tell = (): void => {
    channel.asyncStart.publish(message)
    channel.asyncEnd.publish(message)
  }
  return [
    (result) => {
      message.result = result
      tell()
    },
    (error) => {
      message.error = error
      channel.error.publish(message)
      tell()
    },
  ]
}
