/** Ports by which the results of calls come straight from their services' threads, one for each service. */
import type { MessagePort } from 'node:worker_threads'
import { ANSWER_WORDS, asTurn, type Batch, unheard } from '@troupe/worker-host/owner'

/** A result, as it says itself: of that call of that service. */
type Take = (service: string, id: number, ordinal: unknown, value: unknown) => void

export class AnswerReceiver {
  readonly #take: Take
  readonly #ports = new Map<string, MessagePort>()

  constructor(take: Take) {
    this.#take = take
  }

  /** @param port which its other end closes, when it has posted the last */
  open(service: string, port: MessagePort): void {
    this.#ports.set(service, port)
    port.once('close', () => {
      if (this.#ports.get(service) === port) this.#ports.delete(service)
    })
    port.on(
      'message',
      asTurn((batch: Batch) => this.#receive(service, batch)),
    )
  }

  /** Takes what has come from that service and was not heard yet. */
  hear(service: string): void {
    const port = this.#ports.get(service)
    if (port === undefined) return
    for (const batch of unheard(port)) this.#receive(service, batch as Batch)
  }

  close(): void {
    for (const [service, port] of this.#ports) {
      this.hear(service)
      port.close()
    }
  }

  #receive(service: string, batch: Batch): void {
    for (let offset = 0; offset < batch.length; offset += ANSWER_WORDS) {
      this.#take(service, batch[offset] as number, batch[offset + 1], batch[offset + 2])
    }
  }
}
