/** Many workers or services in a process of their own, so that neither memory nor idleness is mixed up with the bench's. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Closable } from '../question.ts'

export type Members = 'bare Worker' | 'Troupe'

/** What the process of a crowd is asked, in this order: open first, close last. */
export type Order =
  | { readonly do: 'open'; readonly members: Members; readonly count: number }
  | { readonly do: 'rest'; readonly ms: number }
  | { readonly do: 'call'; readonly ms: number; readonly depth: number }
  | { readonly do: 'close' }

export type Figures = {
  open: {
    /** From one member's start to its first reply, on average. */
    readonly startMs: number
    /** Resident memory that the whole crowd has added. */
    readonly memoryMiB: number
  }
  rest: {
    /** Of the main thread's loop, from 0 to 1. */
    readonly utilization: number
    /** Of all threads. */
    readonly cpuMs: number
  }
  /** To one member: one call after another, on one core, or waves of `depth`. */
  call: { readonly usPerCall: number }
  close: { readonly ms: number }
}

export type Crowd = Closable & {
  readonly count: number
  readonly opened: Figures['open']
  rest(ms: number): Promise<Figures['rest']>
  call(ms: number, depth: number): Promise<Figures['call']>
  /** Ends the members, and the process. */
  disband(): Promise<Figures['close']>
}

export async function openCrowd(members: Members, count: number): Promise<Crowd> {
  const child = fork(new URL('./process.ts', import.meta.url), { serialization: 'advanced' })
  const exited = once(child, 'exit')
  const died = exited.then(([code]): never => {
    throw new Error(`the process of ${count} × ${members} ended with ${code}`)
  })
  died.catch(() => {}) // told to whoever asks next
  const ask = async <Act extends Order['do']>(order: Extract<Order, { do: Act }>): Promise<Figures[Act]> => {
    const answered = once(child, 'message')
    child.send(order)
    const [figures] = await Promise.race([answered, died])
    return figures
  }
  const opened = await ask<'open'>({ do: 'open', members, count })
  return {
    count,
    opened,
    rest: (ms) => ask<'rest'>({ do: 'rest', ms }),
    call: (ms, depth) => ask<'call'>({ do: 'call', ms, depth }),
    async disband() {
      const closed = await ask<'close'>({ do: 'close' })
      await exited
      return closed
    },
    async close() {
      child.kill()
      await exited
    },
  }
}
