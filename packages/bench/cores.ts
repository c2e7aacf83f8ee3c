/**
 * Which cores the threads of this process may use.
 *
 * One call after another keeps only one thread busy at a time, yet where the scheduler puts the two decides the result:
 * on one core a round trip costs two context switches, on two cores two wake-ups of a core that went to sleep, and on a
 * virtual machine each of those is a trip to the hypervisor. The same code was seen at 12 µs and at 110 µs within a
 * second. Confined to one core it is 12 µs every time, and what remains is the cost of the code.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export type Cores = 'one' | 'all'

export type Confinement = {
  /** False where there is no `taskset`: the threads then run where the scheduler likes, and the result should say so. */
  readonly isPossible: boolean
  confineTo(cores: Cores): Promise<void>
}

/** `taskset` and not an own call: Node has no way to set affinity, and a thread that is already running needs it too. */
export async function openConfinement(): Promise<Confinement> {
  const allowed = await allowedCores()
  if (allowed === null) return { isPossible: false, confineTo: async () => {} }

  const [one] = allowed.match(/\d+$/)!
  let current: Cores = 'all'
  return {
    isPossible: true,
    async confineTo(cores) {
      if (cores === current) return
      const list = cores === 'one' ? one : allowed
      // taskset lists the threads, then sets one after the other, and gives up when one of them has ended meanwhile.
      await taskset(list).catch(() => taskset(list))
      current = cores
    },
  }
}

/** A list like `0-3,6`, or null where it cannot be read or not be set: a container may forbid the second only. */
async function allowedCores(): Promise<string | null> {
  try {
    const allowed = await taskset()
    await taskset(allowed)
    return allowed
  } catch {
    return null
  }
}

/** Sets the list of cores for all threads of this process when one is given, and returns the list before the change. */
async function taskset(...list: string[]): Promise<string> {
  const options = ['--all-tasks', '--cpu-list', '--pid', ...list, String(process.pid)]
  const { stdout } = await promisify(execFile)('taskset', options)
  return stdout.match(/: (\S+)$/m)![1]!
}
