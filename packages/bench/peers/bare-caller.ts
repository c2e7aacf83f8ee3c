/** The owner's half of the plain thing that a good engineer writes by hand: one message per call, a map of those pending. */
import type { Transferable } from 'node:worker_threads'
import type { Caller } from '../peers.ts'

export type Request =
  | { readonly id: number; readonly a: number; readonly b: number }
  | { readonly id: number; readonly echo: unknown; readonly isHandedOver: boolean }
export type Reply = { readonly id: number; readonly value: unknown }

/** What a MessagePort and a Worker have in common. */
type Wire = {
  postMessage(message: Request, transfer?: readonly Transferable[]): void
  on(event: 'message', listener: (reply: Reply) => void): unknown
}

export function bareCaller(wire: Wire): Omit<Caller, 'close'> {
  const pending = new Map<number, (value: unknown) => void>()
  let lastId = 0
  wire.on('message', ({ id, value }) => {
    const resolve = pending.get(id)!
    pending.delete(id)
    resolve(value)
  })
  const echo = <T>(value: T, transfer: Transferable[]): Promise<T> =>
    new Promise((resolve) => {
      const id = ++lastId
      pending.set(id, resolve as (value: unknown) => void)
      wire.postMessage({ id, echo: value, isHandedOver: transfer.length > 0 }, transfer)
    })
  return {
    add: (a, b) =>
      new Promise((resolve) => {
        const id = ++lastId
        pending.set(id, resolve as (value: unknown) => void)
        wire.postMessage({ id, a, b })
      }),
    echo: (value) => echo(value, []),
    handOver: (buffer) => echo(buffer, [buffer]),
  }
}
