/**
 * Results that go straight to their callers: of calls that an owner has passed on, and without a way back through it.
 *
 * Only what can be fixed now, and needs nothing else of either side, goes so: failures, streams, and values that are moved,
 * or shared, go by the owner. Which calls were answered it reads in a log, and is told of it when it has waited for that, or
 * when there are many.
 */
import type { MessagePort } from 'node:worker_threads'
import type { ContextId } from '../access/context-id.ts'
import { AnsweredLog } from '../wire/answered-log.ts'
import type { AnswerOrder, AnswerPlace, Batch } from '../wire/messages.ts'
import { isPrimitive, LIVE, snapshotOf } from '../wire/snapshot.ts'
import { atTurnEnd, type TurnEnding } from '../wire/turn.ts'

/** The owner is told of so many at the latest: what it keeps of them is kept no longer. */
const TELL_AFTER = 64

export class AnswerPorts {
  readonly #tell: () => void
  readonly #ports = new Map<ContextId, AnswerPort>()
  #log: AnsweredLog | undefined
  #untold = 0

  /** @param tell tells the owner that there is something in the log */
  constructor(tell: () => void) {
    this.#tell = tell
  }

  open({ caller, port, log }: AnswerOrder): void {
    this.#log ??= new AnsweredLog(log)
    const opened = new AnswerPort(port, (ids) => this.#note(ids))
    this.#ports.set(caller, opened)
    port.once('close', () => {
      if (this.#ports.get(caller) === opened) this.#ports.delete(caller)
    })
  }

  /** @returns false, and nothing done, when the result has to go by the owner */
  put(caller: ContextId, place: AnswerPlace, id: number, value: unknown): boolean {
    const port = this.#ports.get(caller)
    const fixed = port === undefined || isPrimitive(value) ? value : snapshotOf(value)
    if (port === undefined || fixed === LIVE) return false
    port.put(place, id, fixed)
    return true
  }

  /** Posts what is ready, and tells of it; after it the thread may die and nothing of that is lost. */
  flush(): void {
    for (const port of this.#ports.values()) port.post()
    if (this.#untold > 0) this.#tellOfAll()
  }

  close(): void {
    this.flush()
    for (const { port } of this.#ports.values()) port.close()
    this.#ports.clear()
  }

  #note(ids: readonly number[]): void {
    this.#untold += ids.length
    if (this.#log!.write(ids) || this.#untold >= TELL_AFTER) this.#tellOfAll()
  }

  #tellOfAll(): void {
    this.#untold = 0
    this.#tell()
  }
}

/** Those of one caller. */
class AnswerPort implements TurnEnding {
  readonly port: MessagePort
  readonly #onPosted: (ids: readonly number[]) => void
  #batch: Batch = []
  #ids: number[] = []

  /** @param onPosted told which calls were answered, after they were: that is true then, whenever the thread dies */
  constructor(port: MessagePort, onPosted: (ids: readonly number[]) => void) {
    this.port = port
    this.#onPosted = onPosted
  }

  put({ number, ordinal }: AnswerPlace, id: number, value: unknown): void {
    if (this.#ids.length === 0) atTurnEnd(this)
    this.#batch.push(number, ordinal, value)
    this.#ids.push(id)
  }

  endTurn(): void {
    this.post()
  }

  post(): void {
    const ids = this.#ids
    if (ids.length === 0) return
    this.port.postMessage(this.#batch)
    this.#batch = []
    this.#ids = []
    this.#onPosted(ids)
  }
}
