/**
 * The call plane's wire format: what crosses the call port, in both directions, and nothing else does.
 *
 * A message is a batch: one flat array of records laid end to end. Flat, because structured clone copies an array of
 * small integers and primitives several times faster than as many objects; a batch, because a `postMessage` costs
 * about 2 µs whatever it carries. Each record begins with its operation; ids are small integers that the owner gives
 * out and uses again, so both sides look calls up in an array.
 *
 *     owner → host   Call    id  method  argc  argument…     run method number `method`
 *                    Credit  id  items                        the reader of stream `id` has room for more items
 *                    Return  id                               the reader of stream `id` has left
 *                    Cancel  id  ThrownData                   nobody waits for call `id` any more, for that reason
 *                    Caller  n   ContextId                    calls by methods `n` × (number of methods) on are that
 *                                                             context's, not the owner's, which has n = 0
 *                    Route   n   RouteDeclaration             between contexts, where methods have no fixed list:
 *                                                             method `n` is from now on that of that service
 *     host → owner   Result  id  value                        the call, or the stream, has ended well
 *                    Failure id  ThrownData                   it has ended badly
 *                    Item    id  value                        the next item of a stream
 *                    Stream  id  –                            what the call returned is a stream: its items follow
 *                    Refusal id  –                            a policy does not admit the caller: nothing has run
 */
export const Request = { Call: 0, Credit: 1, Return: 2, Cancel: 3, Caller: 5, Route: 6 } as const
export const Reply = { Result: 0, Failure: 1, Item: 2, Stream: 3, Refusal: 4 } as const

/** Which service's method a route leads to, and for whom; who the caller may be is for the receiver to judge. */
export type RouteDeclaration = readonly [service: string, method: string, caller: string]

/** Words of a reply record. */
export const REPLY_WORDS = 3

export type Batch = unknown[]

/** The length of the request record that starts at `offset`, in words. */
export function requestWords(batch: Batch, offset: number): number {
  switch (batch[offset]) {
    case Request.Call:
      return 4 + (batch[offset + 3] as number)
    case Request.Credit:
    case Request.Cancel:
    case Request.Caller:
    case Request.Route:
      return 3
    case Request.Return:
      return 2
    default:
      throw new RangeError(`word ${offset} of a batch is no request: ${String(batch[offset])}`)
  }
}

/** How many items a stream's producer may be ahead of its reader. */
export const STREAM_WINDOW = 256
