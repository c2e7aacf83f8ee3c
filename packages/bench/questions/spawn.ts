import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from '@troupe/runtime'
import { type Crowd, type Members, openCrowd } from '../crowd/crowd.ts'
import type { Echo } from '../peers/troupe.service.ts'
import { PEERS } from '../peers.ts'
import type { Closable, Contestant, Question, Turn } from '../question.ts'

/** Starts a worker, makes one call, and ends it. Only what `timed` is given counts. */
type Launcher = Closable & { launch(timed: (act: () => Promise<unknown>) => Promise<void>): Promise<void> }

const BARE = 'bare Worker'
const COLD = 'Troupe, cold'
const WARM = 'Troupe, warm'

/** Long enough for a spare thread to come up behind the one that was taken. */
const SPARE_MS = 150

const callers = PEERS.map(
  (peer): Contestant<Launcher> => ({
    name: peer.name === 'Troupe' ? COLD : peer.name,
    from: peer.from,
    async open(pace) {
      // Once before anything counts, so that the library itself is loaded.
      await (await peer.open(pace)).close()
      return {
        async launch(timed) {
          let caller: Awaited<ReturnType<typeof peer.open>> | undefined
          await timed(async () => {
            caller = await peer.open(pace)
            await caller.add(1, 2)
          })
          await caller!.close()
        },
        close: async () => {},
      }
    },
  }),
)

const warm: Contestant<Launcher> = {
  name: WARM,
  from: '@troupe/runtime',
  async open() {
    const pool = new Pool()
    const module = new URL('../peers/troupe.service.ts', import.meta.url)
    await pool.spawn<Echo>({ name: 'first', module })
    let launched = 0
    return {
      async launch(timed) {
        await sleep(SPARE_MS)
        const name = `service-${++launched}`
        await timed(async () => (await pool.spawn<Echo>({ name, module })).proxy.add(1, 2))
        await pool.get(name).stop()
      },
      close: () => pool.close(),
    }
  },
}

async function meanLaunchMs(launcher: Launcher, { forMs }: Turn): Promise<number> {
  let ms = 0
  let launches = 0
  do {
    await launcher.launch(async (act) => {
      const startMs = performance.now()
      await act()
      ms += performance.now() - startMs
    })
    launches++
  } while (ms < forMs)
  return ms / launches
}

/** Crowds that live once: each is opened and closed for one round, and read by both scenarios. */
type Trials = Closable & { nth(of: 'start' | 'close'): Promise<number> }

const trials = (members: Members): Contestant<Trials> => ({
  name: members,
  from: members === 'Troupe' ? '@troupe/runtime' : null,
  async open({ many }) {
    const done: { start: number; close: number }[] = []
    const read = { start: 0, close: 0 }
    let crowd: Crowd | undefined
    return {
      async nth(of) {
        const at = read[of]++
        if (done[at] === undefined) {
          crowd = await openCrowd(members, many)
          const { ms } = await crowd.disband()
          done[at] = { start: crowd.opened.startMs, close: ms / many }
        }
        return done[at][of]
      },
      close: async () => crowd?.close(),
    }
  },
})

const manyOf = (act: 'start' | 'close') => `${act} many`

const FIRST_REPLY = 'until the first reply'

export const question: Question = {
  name: 'spawn',
  asks: 'how long does it take to start a worker or a service, and to end it?',
  notes: [
    'From nothing to the reply of the first call; the library itself is loaded already. _Cold_ is a new pool with no thread, _warm_ a pool whose spare thread is up.',
    'Many (200, in a quick run 10) are started one after another in a process of their own, and ended together.',
  ],
  contests: [
    {
      contestants: [...callers, warm],
      scenarios: [{ name: FIRST_REPLY, unit: 'ms', better: 'less', cores: 'all', base: BARE, measure: meanLaunchMs }],
    },
    {
      contestants: [trials(BARE), trials('Troupe')],
      scenarios: (['start', 'close'] as const).map((of) => ({
        name: manyOf(of),
        unit: 'ms each',
        better: 'less' as const,
        cores: 'all' as const,
        base: BARE,
        isCostly: true,
        measure: (subject: Trials) => subject.nth(of),
      })),
    },
  ],
  budget: [
    {
      says: 'cold: at most 1.2 × `new Worker` and a first message',
      scenario: FIRST_REPLY,
      subject: COLD,
      over: BARE,
      limit: { atMost: 1.2 },
    },
    { says: 'warm: at most 5 ms', scenario: FIRST_REPLY, subject: WARM, over: null, limit: { atMost: 5 } },
    {
      says: 'a pool of 200 services closes within a second: at most 5 ms each',
      scenario: manyOf('close'),
      subject: 'Troupe',
      over: null,
      limit: { atMost: 5 },
    },
  ],
}
