/** The process of a crowd: does what it is ordered to, and answers with figures. */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from '@troupe/runtime'
import { openConfinement } from '../cores.ts'
import { type Adder, inFlight, oneAfterAnother } from '../measure.ts'
import { open as openBareWorker } from '../peers/bare-worker.ts'
import type { Echo } from '../peers/troupe.service.ts'
import { QUICK } from '../question.ts'
import type { Figures, Members, Order } from './crowd.ts'

/** How a member is started, and how all of them end. */
type Recruiter = { start(name: string): Promise<Adder>; end(members: readonly Adder[]): Promise<unknown> }

const MIB = 2 ** 20

const RECRUITERS: Readonly<Record<Members, () => Recruiter>> = {
  'bare Worker': () => ({
    start: () => openBareWorker(),
    end: (members) => Promise.all(members.map((member) => member.close())),
  }),
  Troupe: () => {
    const pool = new Pool()
    return {
      async start(name) {
        const module = new URL('../peers/troupe.service.ts', import.meta.url)
        const handle = await pool.spawn<Echo>({ name, module })
        return { add: (a, b) => handle.proxy.add(a, b), close: () => handle.stop() }
      },
      end: () => pool.close(),
    }
  },
}

const confinement = await openConfinement()
let recruiter: Recruiter
const crowd: Adder[] = []

process.on('message', async (order: Order) => {
  const figures = await carryOut(order)
  process.send?.(figures)
  if (order.do === 'close') process.disconnect?.()
})

async function carryOut(order: Order): Promise<Figures[Order['do']]> {
  switch (order.do) {
    case 'open':
      return open(order.members, order.count)
    case 'rest':
      return rest(order.ms)
    case 'call':
      return call(order)
    case 'close':
      return close()
  }
}

async function open(members: Members, count: number): Promise<Figures['open']> {
  recruiter = RECRUITERS[members]()
  const bytesBefore = process.memoryUsage.rss()
  const startMs = performance.now()
  for (let n = 0; n < count; n++) {
    const member = await recruiter.start(`member-${n}`)
    if ((await member.add(n, 1)) !== n + 1) throw new Error('a wrong sum')
    crowd.push(member)
  }
  const ms = performance.now() - startMs
  return { startMs: ms / count, memoryMiB: (process.memoryUsage.rss() - bytesBefore) / MIB }
}

async function rest(ms: number): Promise<Figures['rest']> {
  const loop = performance.eventLoopUtilization()
  const cpu = process.cpuUsage()
  await sleep(ms)
  const { user, system } = process.cpuUsage(cpu)
  return { utilization: performance.eventLoopUtilization(loop).utilization, cpuMs: (user + system) / 1_000 }
}

async function call({ ms, depth }: Extract<Order, { do: 'call' }>): Promise<Figures['call']> {
  const [member] = crowd as [Adder]
  const turn = { forMs: ms, pace: QUICK }
  await confinement.confineTo(depth === 1 ? 'one' : 'all')
  return { usPerCall: await (depth === 1 ? oneAfterAnother(member, turn) : inFlight(member, depth, turn)) }
}

async function close(): Promise<Figures['close']> {
  const startMs = performance.now()
  await recruiter.end(crowd)
  return { ms: performance.now() - startMs }
}
