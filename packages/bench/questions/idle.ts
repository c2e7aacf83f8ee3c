import { type Crowd, type Members, openCrowd } from '../crowd/crowd.ts'
import type { Contestant, Question, Scenario } from '../question.ts'

const BARE = 'bare Worker'
const REST_MS = { thorough: 2_000, brisk: 500, quick: 200 }

const crowd = (members: Members): Contestant<Crowd> => ({
  name: members,
  from: members === 'Troupe' ? '@troupe/runtime' : null,
  open: ({ many }) => openCrowd(members, many),
})

const resting = (name: string, unit: string, of: (crowd: Crowd, ms: number) => Promise<number>): Scenario<Crowd> => ({
  name,
  unit,
  better: 'less',
  cores: 'all',
  base: BARE,
  isCostly: true,
  measure: (subject, { pace }) => of(subject, REST_MS[pace.name]),
})

const MEMORY = 'memory'
const UTILIZATION = "utilization of the main thread's loop"

export const question: Question = {
  name: 'idle',
  asks: 'what do many services cost that have nothing to do?',
  notes: [
    '200 of them (in a quick run 10), each started and called once, in a process of their own. Memory is what the process has grown by.',
    "Troupe's figure has a spare thread in it, which waits for the next service.",
  ],
  contests: [
    {
      contestants: [crowd(BARE), crowd('Troupe')],
      scenarios: [
        resting(MEMORY, 'MiB each', async ({ opened, count }) => opened.memoryMiB / count),
        resting(UTILIZATION, 'of 1', async (subject, ms) => (await subject.rest(ms)).utilization),
        resting('CPU', 'ms a second, each', async (subject, ms) => {
          const { cpuMs } = await subject.rest(ms)
          return (cpuMs * 1_000) / ms / subject.count
        }),
      ],
    },
  ],
  budget: [
    {
      says: 'memory: at most 10 MB each',
      scenario: MEMORY,
      subject: 'Troupe',
      over: null,
      limit: { atMost: 1e7 / 2 ** 20 },
    },
    {
      says: 'main thread: utilization below 0.01',
      scenario: UTILIZATION,
      subject: 'Troupe',
      over: null,
      limit: { atMost: 0.01 },
    },
  ],
}
