import { BARE_WORKERS, CREW_SIZE, CREWS, type Crew } from '../actors/crew.ts'
import type { Cores } from '../cores.ts'
import type { Question, Scenario } from '../question.ts'

/** One piece of a scenario. @returns how many messages it took, each with its reply */
type Piece = (crew: Crew, seed: number) => Promise<number>

const HOPS = 20
const AT_ONCE = 1_000

const play = (name: string, cores: Cores, piece: Piece): Scenario<Crew> => ({
  name,
  unit: 'messages/s',
  better: 'more',
  cores,
  base: BARE_WORKERS,
  async measure(crew, { forMs }) {
    const startMs = performance.now()
    let messages = 0
    let ms: number
    do {
      messages += await piece(crew, messages)
      ms = performance.now() - startMs
    } while (ms < forMs)
    return (messages * 1_000) / ms
  },
})

/** A token goes from one to the next, round and round, until its hops are used up. */
async function relay({ actors }: Crew, members: number): Promise<number> {
  let hops = HOPS
  for (let at = 0; hops > 0; at = (at + 1) % members) hops = await actors[at]!.pass(hops)
  return HOPS
}

async function forkAndJoin({ actors }: Crew): Promise<number> {
  const replies = actors.flatMap((actor) => Array.from({ length: AT_ONCE / CREW_SIZE }, (_, n) => actor.pass(n)))
  await Promise.all(replies)
  return AT_ONCE
}

async function count({ actors: [counter] }: Crew): Promise<number> {
  const before = await counter!.total()
  await Promise.all(Array.from({ length: AT_ONCE }, () => counter!.increment()))
  const counted = (await counter!.total()) - before
  if (counted !== AT_ONCE) throw new Error(`counted ${counted} of ${AT_ONCE}`)
  return AT_ONCE + 2
}

/** Each has a conversation with all others, picked by a generator that gives all contestants the same order. */
async function big({ actors }: Crew, seed: number): Promise<number> {
  let random = seed + 1
  const converse = async (): Promise<void> => {
    for (let n = 0; n < HOPS; n++) {
      random = (random * 48_271) % 0x7fff_ffff
      await actors[random % actors.length]!.pass(n)
    }
  }
  await Promise.all(Array.from({ length: CREW_SIZE * 8 }, converse))
  return CREW_SIZE * 8 * HOPS
}

async function produceAndConsume({ actors: [buffer] }: Crew): Promise<number> {
  const producers = Array.from({ length: 4 }, async () => {
    for (let item = 0; item < 50; item++) await buffer!.put(item)
  })
  let sum = 0
  const consumers = Array.from({ length: 4 }, async () => {
    for (let n = 0; n < 50; n++) {
      const item = await buffer!.take() // before the sum is read, which the other consumers change
      sum += item
    }
  })
  await Promise.all([...producers, ...consumers])
  if (sum !== 4 * 1_225) throw new Error(`the consumers' sum is ${sum}, expected ${4 * 1_225}`)
  return 2 * 4 * 50
}

export const question: Question = {
  name: 'actors',
  asks: 'how do the classic actor programs run, with a service for each actor?',
  notes: [
    'The programs of the Savina suite, with five actors in five threads. A message is one with its reply.',
    'The main thread passes all messages on between the actors, with each of the three. So ping-pong and the ring show the same round trip twice; what services pay that call each other stands in `links`.',
  ],
  contests: [
    {
      contestants: CREWS,
      scenarios: [
        play('ping-pong: a token between two', 'one', (crew) => relay(crew, 2)),
        play('thread ring: a token round all five', 'one', (crew) => relay(crew, CREW_SIZE)),
        play('fork and join: 200 to each, awaited together', 'all', forkAndJoin),
        play('counting: 1,000 increments of one, then its total', 'all', count),
        play('big: 40 conversations with random others', 'all', big),
        play('bounded buffer: four producers, four consumers', 'all', produceAndConsume),
      ],
    },
  ],
  budget: [],
}
