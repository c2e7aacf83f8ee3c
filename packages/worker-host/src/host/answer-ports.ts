/**
 * Results that go straight to their callers: of calls that an owner has passed on, and without a way back through it.
 *
 * Only what can be fixed now, and needs nothing else of either side, goes so: failures, streams, and values that are moved,
 * or shared, go by the owner. Which calls were answered it reads in a log, and is told of it when it has waited for that, or
 * when there are many.
 */
import type { MessagePort } from 'node:worker_threads'
import type { ContextId } from '../access/context-id.ts'
import type { Answering } from '../service/call-scope.ts'
import { AnsweredLog } from '../wire/answered-log.ts'
import type { AnswerOrder, AnswerPlace } from '../wire/messages.ts'
import { isPrimitive, LIVE, snapshotOf } from '../wire/snapshot.ts'

/** The owner is told of so many at the latest: what it keeps of them is kept no longer. */
const TELL_AFTER = 64

export class AnswerPorts {
  readonly #tell: () => void
  readonly #ports = new Map<ContextId, MessagePort>()
  readonly #open = new Set<MessagePort>()
  #log: AnsweredLog | undefined
  #untold = 0

  /** @param tell tells the owner that there is something in the log */
  constructor(tell: () => void) {
    this.#tell = tell
  }

  open({ caller, port, log }: AnswerOrder): void {
    this.#log ??= new AnsweredLog(log)
    const former = this.#ports.get(caller)
    if (former !== undefined) {
      this.#open.delete(former)
      former.close()
    }
    this.#ports.set(caller, port)
    this.#open.add(port)
    port.once('close', () => {
      this.#open.delete(port)
      if (this.#ports.get(caller) === port) this.#ports.delete(caller)
    })
  }

  /** By the port that the caller has now. */
  at(caller: ContextId, { number, ordinal }: AnswerPlace): Answering | undefined {
    const port = this.#ports.get(caller)
    return port && { put: (id, value) => this.#put(port, [number, ordinal, value], id) }
  }

  /** Tells of all that was answered. */
  flush(): void {
    if (this.#untold > 0) this.#tellOfAll()
  }

  close(): void {
    this.flush()
    for (const port of this.#open) port.close()
    this.#open.clear()
    this.#ports.clear()
  }

  /** At once, and noted after that: what is in the log was answered, whenever the thread dies. */
  #put(port: MessagePort, answer: [number, number, unknown], id: number): boolean {
    const value = isPrimitive(answer[2]) ? answer[2] : snapshotOf(answer[2])
    if (value === LIVE || !this.#open.has(port)) return false
    answer[2] = value
    port.postMessage(answer)
    this.#untold++
    if (this.#log!.write(id) || this.#untold >= TELL_AFTER) this.#tellOfAll()
    return true
  }

  #tellOfAll(): void {
    this.#untold = 0
    this.#tell()
  }
}
