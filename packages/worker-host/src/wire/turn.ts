/**
 * The end of a turn: what is put off until then happens once, however often it was asked for.
 *
 * A turn ends with the first of its microtasks; one that a message has begun, as soon as that has been taken in: so a call
 * that is passed on between threads needs no microtask on the way, and its caller one instead of three.
 */
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

/** What takes messages in: each is a turn. */
export const asTurn =
  <Message>(receive: (message: Message) => void) =>
  (message: Message): void => {
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
