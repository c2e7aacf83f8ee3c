/**
 * The time, looked at once a turn: a thousand calls made in one turn were made at the same time, and asking the clock
 * for each would cost a twentieth of a call.
 */
let turnMs = 0
let isCurrent = false

const endTurn = (): void => {
  isCurrent = false
}

/** @returns milliseconds on the clock of `performance.now()` */
export function turnNowMs(): number {
  if (!isCurrent) {
    isCurrent = true
    turnMs = performance.now()
    queueMicrotask(endTurn)
  }
  return turnMs
}
