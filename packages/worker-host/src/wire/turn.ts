/**
 * The end of a turn: what is put off until then happens once, however often it was asked for.
 *
 * A turn ends with the first of its microtasks; one that a message has begun, as soon as that has been taken in: so a call
 * that is passed on between threads needs no microtask on the way, and its caller one instead of three.
 */
import { AsyncResource } from 'node:async_hooks'

export interface TurnEnding {
  endTurn(): void
}

/** As Node has it, whatever a test puts in its place. */
const { queueMicrotask } = globalThis

let endings: TurnEnding[] = []
/** It will be ended by what runs now. */
let isWithin = false

/** Has `endTurn` called once, when this turn ends; to be asked for anew in each. */
export function atTurnEnd(ending: TurnEnding): void {
  // First: near the end of the stack it throws, and a list that nobody ends would stop all that is sent from here.
  if (endings.length === 0 && !isWithin) queueMicrotask(end)
  endings.push(ending)
}

/** Where no call runs, and no store is set: this module is loaded before there is any. */
const outside = new AsyncResource('troupe:turn', { requireManualDestroy: true })

/** Runs it outside of all calls: what waits, for a message or for its turn, must not find itself in the call that let it wait. */
export const outsideOfCalls = (run: () => void): void => outside.runInAsyncScope(run)

/**
 * What takes messages in: each is a turn, outside of all calls. A channel would else have every message of its life taken
 * in where it happened to be opened: in the stores, and the limits, of whoever made its first call.
 */
export const asTurn =
  <Message>(receive: (message: Message) => void) =>
  (message: Message): void =>
    outside.runInAsyncScope(take, undefined, receive, message)

function take<Message>(receive: (message: Message) => void, message: Message): void {
  if (isWithin || endings.length > 0) return receive(message) // in a turn that has begun, and will end, already
  isWithin = true
  try {
    receive(message)
  } finally {
    isWithin = false
    end()
  }
}

function end(): void {
  const ended = endings
  endings = []
  for (const ending of ended) ending.endTurn()
}
