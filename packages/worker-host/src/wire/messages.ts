/**
 * The call plane's wire format: what crosses the call port, in both directions, and nothing else does.
 *
 * A message is a batch: one flat array of records laid end to end. Flat, because structured clone copies an array of
 * small integers and primitives several times faster than as many objects; a batch, because a `postMessage` costs
 * about 2 µs whatever it carries. Each record begins with its operation; ids are small integers that the owner gives
 * out and uses again, so both sides look calls up in an array.
 *
 *     owner → host   Call    id  method  argc  argument…     run method number `method`
 *                    Credit  id  items  bytes                 the reader of stream `id` has taken so much
 *                    Return  id                               the reader of stream `id` has left
 *                    Cancel  id  ThrownData                   nobody waits for call `id` any more, for that reason
 *                    Caller  n   ContextId                    calls by methods `n` × (number of methods) on are that
 *                                                             context's, not the owner's, which has n = 0
 *                    Route   n   RouteDeclaration             between contexts, where methods have no fixed list:
 *                                                             method `n` is from now on that of that service
 *                    Link    –   LinkOrder                    another caller has a port of its own from now on
 *                    Unlink  –   ContextId                    that caller's port is taken away
 *                    Fence   id  –                            answered when every call before it has begun
 *                    CallWith id method argc argument… CallExtras   a call that has more than its arguments; a number
 *                                                             in place of the extras is their `budgetMs` alone
 *                    CallFor id method argc argument… number ordinal CallExtras   a call whose result may go straight
 *                                                             to its caller, which has it under these; or no extras
 *                    Answers –   AnswerOrder                  where results go straight to that caller, from now on
 *     host → owner   Result  id  value                        the call, or the stream, has ended well
 *                    Failure id  ThrownData                   it has ended badly
 *                    Item    id  value                        the next item of a stream
 *                    Items   id  { items, bytes }             the next items, fixed; none: the bytes of the `Item` behind it
 *                    Stream  id  –                            what the call returned is a stream: its items follow
 *                    Unwound id  ThrownData                   the stream has ended: its reader had left, its `finally` threw
 *                    Refusal id  –                            a policy does not admit the caller: nothing has run
 *                    Fence   id  –                            every call before that fence has begun
 *                    Refused –   [ContextId, method]          a policy does not admit a caller at another port
 *                    Pending id  ThrownData                   between contexts: the call waits for a service that is not
 *                                                             there, which is why, if it is late; nothing: it has come
 *                    Answered –  –                            results have gone straight to callers; the log says of which calls
 *                    Released –  [id…]                        between contexts: the ids of such calls can be used again
 *     host → caller  number  ordinal  value                   the result of a call, past the owner
 *
 * A record of three words whose operation is `MARKED` higher has for its last word `[[value], marks]`: a value from which
 * something was taken out, and what that was.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Mark } from './marks.ts'

export const Request = {
  Call: 0,
  Credit: 1,
  Return: 2,
  Cancel: 3,
  CallWith: 4,
  Caller: 5,
  Route: 6,
  Link: 7,
  Fence: 8,
  Unlink: 9,
  CallFor: 10,
  Answers: 11,
} as const
export const Reply = {
  Result: 0,
  Failure: 1,
  Item: 2,
  Stream: 3,
  Unwound: 4,
  Items: 5,
  Refusal: 6,
  Fence: 7,
  Refused: 8,
  Pending: 9,
  Answered: 10,
  Released: 11,
} as const

/** As in the headers of that name, by W3C Trace Context. */
export interface TraceContext {
  /** Such as `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`. */
  readonly traceparent: string
  readonly tracestate?: string
}
/** What a call can have beside its arguments. */
export interface CallExtras {
  /** How long its caller waits. @unit milliseconds, from the send */
  readonly budgetMs?: number
  readonly trace?: TraceContext
  /** By name, what stood in the caller's registered stores. */
  readonly stores?: Readonly<Record<string, unknown>>
  /** What was taken out of the arguments. */
  readonly marks?: readonly Mark[]
}
/** As they are sent: a budget alone, which is what most calls have, is its bare number. An object costs a call a third. */
export type SentExtras = CallExtras | number

/** Which service's method a route leads to, and for whom; who the caller may be is for the receiver to judge. */
export type RouteDeclaration = readonly [service: string, method: string, caller: string]

/** A port by which a caller reaches a service without its owner in between. */
export interface LinkOrder {
  /** Who calls through it; stamped by the owner. */
  readonly caller: string
  readonly port: MessagePort
  /** Word 0 counts the calls of this port that have begun. */
  readonly begun: Int32Array
}

/** A port by which a caller gets results without the owner in between. Its calls go by the owner all the same. */
export interface AnswerOrder {
  readonly caller: string
  readonly port: MessagePort
  /** Where the owner reads which calls were answered so: of an `AnsweredLog`, the same for all callers. */
  readonly log: Int32Array
}

/** Where a result goes straight to, at its caller. */
export interface AnswerPlace {
  /** The call's id there, which may be another call's by then. */
  readonly number: number
  /** Which of the caller's calls it is, so that it is no other's. */
  readonly ordinal: number
}

/**
 * In both directions: what one side asks of values that have stayed with the other. Records of three words.
 *
 *     Invoke   id  [reference, method, argument…]   call a method of an object, or a function, whose method is null
 *     Answer   id  value                            call `id` of those has ended well
 *     Fault    id  ThrownData                       … or badly
 *     Release  reference  –                         it is not held any more
 *     Begin    stream  –                            the reader asks for the first item
 *     Taken    stream  [items, bytes]               it has taken so much
 *     Leave    stream  –                            it has left
 *     Item     stream  value                        as the replies of these names
 *     Items    stream  { items, bytes }
 *     End      stream  –                            the stream has ended well
 *     Broken   stream  ThrownData                   … or badly
 *     Unwound  stream  ThrownData                   … as the reply of that name
 */
export const Exchange = {
  Invoke: 16,
  Answer: 17,
  Fault: 18,
  Release: 19,
  Begin: 20,
  Taken: 21,
  Leave: 22,
  Item: 23,
  Items: 24,
  End: 25,
  Broken: 26,
  Unwound: 27,
} as const

/** Added to the operation of a record whose value is marked. */
export const MARKED = 32

/** Words of a reply record. */
export const REPLY_WORDS = 3

/**
 * Words of replies after which a batch leaves before its turn has ended, so that the owner has work in the meantime.
 * @source docs/decisions/0008: with all 256 of a window at once the rate fell by a fourth; 32 were dearer
 */
export const FLUSH_WORDS = 64 * REPLY_WORDS

/** Words of a result that goes straight to its caller. */
export const ANSWER_WORDS = 3

export type Batch = unknown[]

/** Words of a call after its arguments. */
export const EXTRA_WORDS = { [Request.Call]: 0, [Request.CallWith]: 1, [Request.CallFor]: 3 } as const
export type CallOperation = keyof typeof EXTRA_WORDS

/** The length of the request record that starts at `offset`, in words. */
export function requestWords(batch: Batch, offset: number): number {
  switch (batch[offset]) {
    case Request.Call:
    case Request.CallWith:
    case Request.CallFor:
      return 4 + (batch[offset + 3] as number) + EXTRA_WORDS[batch[offset] as CallOperation]
    case Request.Credit:
      return 4
    case Request.Cancel:
    case Request.Caller:
    case Request.Route:
    case Request.Link:
    case Request.Answers:
    case Request.Unlink:
    case Request.Fence:
      return 3
    case Request.Return:
      return 2
    default:
      if ((batch[offset] as number) >= Exchange.Invoke) return REPLY_WORDS
      throw new RangeError(`word ${offset} of a batch is no request: ${String(batch[offset])}`)
  }
}

/**
 * How far a stream's producer may be ahead of its reader; the item that reaches either limit is still sent.
 * @source 4,096 items were some 10 % faster on two cores, and would be 16 times as many to hold
 */
export const STREAM_WINDOW = { items: 256, bytes: 1_048_576 } as const
