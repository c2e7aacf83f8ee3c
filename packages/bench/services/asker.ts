import { AllowAny, expose, Service } from '@troupe/worker-host'
import type { Sums } from './sums.ts'

/** Measures calls of another service where they are made: in its own thread. */
export class Asker extends Service {
  /** Calls one after another, for so long. @returns µs a call */
  @expose(AllowAny)
  async oneAfterAnother(name: string, forMs: number): Promise<number> {
    const sums = this.context.proxy<Sums>(name)
    const startMs = performance.now()
    let calls = 0
    let checksum = 0
    do {
      checksum += await sums.add(calls, 1)
      calls++
    } while (performance.now() - startMs < forMs)
    const ms = performance.now() - startMs
    if (checksum !== (calls * (calls + 1)) / 2) throw new Error(`a wrong sum: ${checksum}`)
    return (ms * 1_000) / calls
  }

  /** Waves of `depth` calls, for so long. @returns how many calls there were */
  @expose(AllowAny)
  async inFlight(name: string, depth: number, forMs: number): Promise<number> {
    const sums = this.context.proxy<Sums>(name)
    const startMs = performance.now()
    let calls = 0
    let checksum = 0
    do {
      const replies = Array.from({ length: depth }, (_, n) => sums.add(n, 1))
      for (const sum of await Promise.all(replies)) checksum += sum
      calls += depth
    } while (performance.now() - startMs < forMs)
    if (checksum !== ((calls / depth) * depth * (depth + 1)) / 2) throw new Error(`a wrong sum: ${checksum}`)
    return calls
  }
}
