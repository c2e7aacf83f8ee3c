import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

/** What a reader must know of the machine before believing a number. It names no host, so a result can be published. */
export type Machine = {
  readonly cpu: string
  /** Cores that this process may use: fewer than the machine has under `taskset` or in a container. */
  readonly cores: number
  readonly memoryGiB: number
  readonly platform: string
  /** Average number of runnable threads in the minute before the run; above 0, somebody else was at work. */
  readonly loadBefore: number
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown cpu',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    loadBefore: Math.round(loadavg()[0]! * 100) / 100,
  }
}
