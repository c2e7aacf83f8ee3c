/**
 * A two-way channel between two contexts, as both planes use it: a MessagePort as it is, where they share a process, and
 * else one of the many channels on the one connection of two processes.
 */
import { MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads'

export interface Channel {
  /** Messages arrive in the order they were posted, as they are now. @throws when the value can't be copied */
  postMessage(message: unknown, transfer?: readonly Transferable[]): void
  /** What came before the first listener waits for it. */
  // biome-ignore lint/suspicious/noExplicitAny: whoever listens knows what is sent there
  on(event: 'message', listener: (message: any) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above
  off(event: 'message', listener: (message: any) => void): unknown
  /** When it is closed, by either end. */
  once(event: 'close', listener: () => void): unknown
  /** Of both ends. */
  close(): void
  /** Whether a value can go through it; absent where structured clone alone decides. */
  carries?(value: unknown): boolean
}

/** The other end of a channel, on its way to whoever will have it: the port itself, or the channel's number. */
export type ChannelEnd = MessagePort | number

export interface OpenedChannel {
  readonly near: Channel
  readonly far: ChannelEnd
}

/** What has to be transferred with a message that has the end in it. */
export const transferOf = (end: ChannelEnd): MessagePort[] => (typeof end === 'number' ? [] : [end])

/** What has come and nobody has heard, of a channel whose other end is gone. */
export function* unheard(channel: Channel): Generator<unknown> {
  if (!(channel instanceof MessagePort)) return // of a process that is gone, all has been heard
  for (let rest = receiveMessageOnPort(channel); rest; rest = receiveMessageOnPort(channel)) yield rest.message
}
