/** The thread supplies of a pool: threads that are started in another way come from a supply of their own. */
import { availableParallelism } from 'node:os'
import { Room } from './room.ts'
import type { ThreadLimits } from './thread-limits.ts'
import { type ThreadOptions, ThreadSupply } from './thread-supply.ts'

export class ThreadSupplies {
  /** For the contexts that have a thread, of all supplies together. */
  readonly room: Room
  /**
   * For the threads that begin. More at once than there are processors would only share them: a hundred services that are
   * spawned together would all be there after as long as the last one takes, and each have spent its deadline by then.
   */
  readonly boots = new Room(availableParallelism())
  readonly #limits: Required<ThreadLimits>
  readonly #supplies = new Map<string, ThreadSupply>()

  constructor(limits: Required<ThreadLimits>) {
    this.#limits = limits
    this.room = new Room(limits.max)
  }

  for(options: ThreadOptions): ThreadSupply {
    const key = JSON.stringify(options)
    let supply = this.#supplies.get(key)
    if (supply === undefined) {
      supply = new ThreadSupply({ ...options, limits: this.#limits })
      this.#supplies.set(key, supply)
    }
    return supply
  }

  /** No thread is got ready any more. */
  rest(): void {
    for (const supply of this.#supplies.values()) supply.rest()
  }

  /** Ends all threads. @returns how many had not ended in time, since they are inside a system call */
  async close(): Promise<number> {
    const lingering = await Promise.all([...this.#supplies.values()].map((supply) => supply.close()))
    return lingering.reduce((total, count) => total + count, 0)
  }
}
