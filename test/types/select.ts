/** What a select gives and takes, by the types of its sources. Checked by `npm run check`; nothing here runs. */
import type { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import { type Listening, listen, type Received, type Select, Service, type Source } from '@troupe/worker-host'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function holds<_Claim extends true>(): void

interface Row {
  readonly id: number
}
type Rows = AsyncIterable<Row>
type Texts = AsyncIterable<string>

export class Reader extends Service {
  async docstring(port: MessagePort, rows: Rows, watcher: EventEmitter): Promise<void> {
    for await (const { source, value } of this.select(port, rows, listen(watcher, 'change'), this.every('10s'))) {
      holds<Same<typeof source, MessagePort | Rows | Listening<unknown[]> | AsyncGenerator<number, void, void>>>()
      holds<Same<typeof value, unknown>>()
      if (source === port) port.postMessage(value)
    }
  }

  async values(a: Texts, b: Rows, emitter: EventEmitter, target: EventTarget): Promise<void> {
    // The value is what any of the sources gives.
    for await (const { source, value } of this.select(a, b)) {
      holds<Same<typeof value, string | Row>>()
      if (source === a) continue
    }
    for await (const { value } of this.select(listen(emitter, 'x'), listen(target, 'y'))) {
      holds<Same<typeof value, unknown[] | Event>>()
    }
    for await (const event of this.select(a, this.every('1s'))) {
      holds<Same<typeof event, Received<Texts> | Received<AsyncGenerator<number, void, void>>>>()
    }
    // Those of a select in it come with their own sources.
    for await (const event of this.select(this.select(a, b), this.select(listen(target, 'y')))) {
      holds<Same<typeof event, Received<Texts | Rows | Listening<Event>>>>()
    }
    // A source that is a subtype of another keeps its own type.
    const [texts, things] = [this.select(a), this.select(a, b as AsyncIterable<unknown>)]
    holds<Same<typeof texts, Select<Texts>>>()
    holds<Same<typeof things, Select<Texts | AsyncIterable<unknown>>>>()
  }

  more(a: Texts, b: Rows, port: MessagePort, ports: readonly MessagePort[], stream: Readable): void {
    const two = this.select(a, b)
    two.add(b)
    void two.remove(a)
    // @ts-expect-error: a source of another type
    two.add(port)

    // The types are named for sources that are added later, and come from the list when there is one.
    this.select<Source>(a).add(port)
    this.select<Texts | MessagePort>(a).add(port)
    this.select<MessagePort>().add(port)
    this.select().add(port)
    this.select(...ports).add(port)
    this.select(a, ...ports).add(port)
    this.select(stream, port).add(stream)

    // @ts-expect-error: an emitter without `listen`
    this.select(a, new EventTarget())
    // @ts-expect-error: a list
    this.select([a, b])
    // @ts-expect-error: a source of a type that is not named
    this.select<Texts>(a, port)
  }
}
