import { setTimeout as sleep } from 'node:timers/promises'
import type { Question, Turn } from '../question.ts'
import { CHUNK_BYTES, CREDIT_PORT, madeAtMs, nowMs, STREAMERS, type Streamer, WINDOW } from '../streams/streamer.ts'

const MIB = 2 ** 20

/** How long a slow reader leaves the producer alone: long enough for hundreds of windows. */
const NAP_MS = { thorough: 1_000, brisk: 500, quick: 200 }

async function itemsRead(stream: AsyncIterable<unknown>, { forMs }: Turn): Promise<{ items: number; ms: number }> {
  const startMs = performance.now()
  let items = 0
  let ms = 0
  for await (const _ of stream) {
    items++
    // The clock costs as much as a small item, so it is read seldom.
    if (items % 64 === 0) {
      ms = performance.now() - startMs
      if (ms >= forMs) break
    }
  }
  return { items, ms }
}

async function numbersInOrder(streamer: Streamer): Promise<void> {
  let next = 0
  for await (const n of streamer.numbers()) {
    if (n !== next++) throw new Error(`number ${n} arrived instead of ${next - 1}`)
    if (next === 1_000) break
  }
}

/** How much was made while a reader that has taken one chunk slept. */
async function aheadMiB(streamer: Streamer, { pace }: Turn): Promise<number> {
  let wokeAtMs: number | undefined
  let ahead = 0
  for await (const chunk of streamer.chunks()) {
    if (wokeAtMs === undefined) {
      await sleep(NAP_MS[pace.name])
      wokeAtMs = nowMs()
    } else if (madeAtMs(chunk) < wokeAtMs) {
      ahead++
    } else break
  }
  return (ahead * CHUNK_BYTES) / MIB
}

export const question: Question = {
  name: 'streams',
  asks: 'how fast is a stream, and what does a slow reader cost?',
  notes: [
    `All have back-pressure: the producer runs at most ${WINDOW} items ahead. The bare port sends an item a message, and the reader a word back for each half window.`,
    `Each chunk says when it was made, so a reader that has slept can count what has piled up meanwhile; a window of them is ${(WINDOW * CHUNK_BYTES) / MIB} MiB.`,
  ],
  contests: [
    {
      contestants: STREAMERS,
      scenarios: [
        {
          name: 'small items',
          unit: 'items/s',
          better: 'more',
          cores: 'all',
          base: CREDIT_PORT,
          async measure(streamer: Streamer, turn) {
            await numbersInOrder(streamer)
            const { items, ms } = await itemsRead(streamer.numbers(), turn)
            return (items * 1_000) / ms
          },
        },
        {
          name: 'chunks of 64 KiB, copied',
          unit: 'MiB/s',
          better: 'more',
          cores: 'all',
          base: CREDIT_PORT,
          async measure(streamer: Streamer, turn) {
            const { items, ms } = await itemsRead(streamer.chunks(), turn)
            return (items * CHUNK_BYTES * 1_000) / ms / MIB
          },
        },
        {
          name: 'piled up while the reader sleeps',
          unit: 'MiB',
          better: 'less',
          cores: 'all',
          base: CREDIT_PORT,
          isCostly: true,
          measure: aheadMiB,
        },
      ],
    },
  ],
  budget: [
    {
      says: 'small items: at least a million a second',
      scenario: 'small items',
      subject: 'Troupe',
      over: null,
      limit: { atLeast: 1_000_000 },
    },
    {
      says: 'a slow reader: no more than a window piles up',
      scenario: 'piled up while the reader sleeps',
      subject: 'Troupe',
      over: null,
      limit: { atMost: (WINDOW * CHUNK_BYTES) / MIB },
    },
  ],
}
