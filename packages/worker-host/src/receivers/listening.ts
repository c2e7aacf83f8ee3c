/** Sources that can't be told to wait: events of emitters and targets, and messages of ports. */
import { inspect } from 'node:util'
import { MessagePort } from 'node:worker_threads'
import { BadOptionsError } from '../errors/catalogue.ts'

/** The part of Node's `EventEmitter` that is needed. */
export interface Emitter {
  on(name: string, listener: (...args: unknown[]) => void): unknown
  off(name: string, listener: (...args: unknown[]) => void): unknown
}

export interface ListenOptions {
  /**
   * An event of the same emitter with which this source has ended.
   * @defaultValue of a port 'close', else none
   */
  readonly until?: string
  /**
   * How many events may wait to be read.
   * @defaultValue 1_024
   */
  readonly capacity?: number
  /**
   * What becomes of one more: an error to the reader (`ERR_TROUPE_BUFFER_FULL`), or one event, the oldest that waits
   * or the one that has come, is dropped, and counted in `dropped`.
   * @defaultValue 'fail'
   */
  readonly overflow?: 'fail' | 'dropOldest' | 'dropNewest'
}

/** One kind of event of one emitter, as a source; made by `listen`. */
export class Listening<out Value = unknown> {
  /** Never set: what the values are. */
  declare readonly value?: Value
  readonly emitter: Emitter | EventTarget
  readonly name: string
  readonly until: string | undefined
  readonly capacity: number
  readonly overflow: 'fail' | 'dropOldest' | 'dropNewest'
  /** Events that were dropped. */
  dropped = 0

  constructor(
    emitter: Emitter | EventTarget,
    name: string,
    options: Required<Omit<ListenOptions, 'until'>>,
    until?: string,
  ) {
    this.emitter = emitter
    this.name = name
    this.until = until
    this.capacity = options.capacity
    this.overflow = options.overflow
  }
}

/**
 * A source of the events of that name. Its values are: of a `MessagePort` the messages; of another emitter the lists of
 * the listener's arguments; of an `EventTarget` the events. An `'error'` of an emitter is a failure of the source.
 *
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS
 */
export function listen(port: MessagePort, name: 'message', options?: ListenOptions): Listening<unknown>
export function listen(emitter: Emitter, name: string, options?: ListenOptions): Listening<unknown[]>
export function listen(target: EventTarget, name: string, options?: ListenOptions): Listening<Event>
export function listen(emitter: Emitter | EventTarget, name: string, options: ListenOptions = {}): Listening {
  if (typeof name !== 'string') throw new BadOptionsError(`listen needs the name of an event, found ${inspected(name)}`)
  const subject = `listen to "${name}"`
  if (!isEmitter(emitter) && !(emitter instanceof EventTarget))
    throw new BadOptionsError(`${subject} needs an EventEmitter or an EventTarget, found ${inspected(emitter)}`)
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new BadOptionsError(`${subject} needs options, such as { capacity: 10 }, found ${inspected(options)}`)
  const { until, capacity = 1_024, overflow = 'fail', ...unknown } = options
  if (Object.keys(unknown).length > 0)
    throw new BadOptionsError(`${subject}: unknown ${Object.keys(unknown)}, known: until, capacity, overflow`)
  if (until !== undefined && typeof until !== 'string')
    throw new BadOptionsError(`${subject}: "until" must be the name of an event, found ${inspected(until)}`)
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new BadOptionsError(`${subject}: "capacity" must be a whole number from 1, found ${inspected(capacity)}`)
  if (!['fail', 'dropOldest', 'dropNewest'].includes(overflow))
    throw new BadOptionsError(
      `${subject}: "overflow" must be fail, dropOldest or dropNewest, found ${inspected(overflow)}`,
    )
  return new Listening(emitter, name, { capacity, overflow }, until ?? (isPort(emitter) ? 'close' : undefined))
}

export const isPort = (value: unknown): value is MessagePort => value instanceof MessagePort

function isEmitter(value: unknown): value is Emitter {
  const { on, off } = (value ?? {}) as Partial<Emitter>
  return typeof on === 'function' && typeof off === 'function'
}

/** What was found, in a word, for a message; of an object its class. */
export const inspected = (value: unknown): string => inspect(value, { depth: -1, maxStringLength: 40 })

/**
 * Whether it is of a port that was closed, or handed on to another thread, before: nothing comes from it any more.
 * @source Node has no word for that; but a port that is closed can't be told to keep its thread alive.
 */
export function hasClosed({ emitter }: Listening): boolean {
  if (!isPort(emitter) || emitter.hasRef()) return false
  emitter.ref()
  const isOpen = emitter.hasRef()
  if (isOpen) emitter.unref()
  return !isOpen
}

export interface Listeners {
  onValue(value: unknown): void
  onEnd(): void
  onError(error: unknown): void
}

/** @returns stops listening */
export function attach({ emitter, name, until }: Listening, { onValue, onEnd, onError }: Listeners): () => void {
  const heard: [name: string, listener: (...args: unknown[]) => void][] = []
  if (isPort(emitter)) heard.push([name, onValue], ['messageerror', onError])
  else if (isEmitter(emitter)) {
    heard.push([name, (...args) => onValue(args)])
    if (name !== 'error') heard.push(['error', onError])
  } else heard.push([name, onValue])
  if (until !== undefined) heard.push([until, onEnd])
  for (const [event, listener] of heard) {
    if (isEmitter(emitter)) emitter.on(event, listener)
    else emitter.addEventListener(event, listener)
  }
  return () => {
    for (const [event, listener] of heard) {
      if (isEmitter(emitter)) emitter.off(event, listener)
      else emitter.removeEventListener(event, listener)
    }
  }
}
