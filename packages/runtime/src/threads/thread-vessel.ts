/** A context's thread: it occupies one of a supply's. */
import { MessageChannel, type Worker } from 'node:worker_threads'
import { type HomeOrder, memoryCarrier } from '@troupe/worker-host/owner'
import { contextApi, type Vessel } from '../contexts/context-link.ts'
import { ContextDiedError, type Death } from '../contexts/host-link.ts'
import type { Patience } from '../contexts/place.ts'
import type { Room } from './room.ts'
import type { ThreadSupply } from './thread-supply.ts'

/** For the first calls and their replies: Node takes about a millisecond of the owner's thread to start another. */
const SPARE_DELAY_MS = 10

export interface ThreadVesselOptions {
  readonly supply: ThreadSupply
  /** For as long as it lives. */
  readonly room: Room
  /** For as long as it begins. */
  readonly boots: Room
  readonly patiently: Patience
  readonly home: HomeOrder
  /** Ends the thread, now or at any later time. */
  readonly killed: AbortSignal
}

/** @throws {ContextDiedError} when the thread died before it was ready */
export async function openThread(options: ThreadVesselOptions): Promise<Vessel> {
  const { room, killed } = options
  await entered(room, killed)
  try {
    const vessel = await bootThread(options)
    void vessel.gone.then(() => room.leave())
    return vessel
  } catch (error) {
    room.leave()
    throw error
  }
}

/** A spare has begun already. */
async function bootThread(options: ThreadVesselOptions): Promise<Vessel> {
  const { supply, boots, killed, patiently } = options
  if (supply.hasSpare) return occupyThread(options)
  await patiently(entered(boots, killed))
  return occupyThread(options).finally(() => boots.leave())
}

const entered = (room: Room, killed: AbortSignal): Promise<void> =>
  room.enter(killed).catch((cause: unknown) => {
    throw new ContextDiedError({ cause })
  })

async function occupyThread({ supply, home, killed }: ThreadVesselOptions): Promise<Vessel> {
  const { port1: control, port2 } = new MessageChannel()
  const { ended, spare } = supply.occupy({ control: port2, home }, killed)
  const api = contextApi(control)
  const started = async (): Promise<Worker | undefined> => {
    const threadId = await supply.booted(Promise.race([api.threadId(), ended]))
    return supply.threadById(threadId as number)
  }
  try {
    const thread = spare ?? (await started())
    if (thread === undefined) throw new Error('the thread ended before its host was ready')
    const end = async (): Promise<void> => void (await thread.terminate())
    // Now the supply can get the next thread ready, which as it starts takes the processor from whatever comes up.
    const settled = (): void => void setTimeout(() => supply.warm(), SPARE_DELAY_MS).unref()
    return { api, control, carrier: memoryCarrier, gone: endOf(thread, ended, killed), settled, end }
  } catch (error) {
    control.close()
    throw new ContextDiedError({ cause: killed.aborted ? killed.reason : error })
  }
}

/** A thread that is killed counts as gone at once, since in a system call it can linger. */
function endOf(thread: Worker, occupied: Promise<void>, killed: AbortSignal): Promise<Death> {
  const { promise, resolve } = Promise.withResolvers<Death>()
  // 'exit' comes last, after the error that ended the thread, and it alone has the exit code.
  thread.once('exit', async (exitCode) => {
    const taskError: unknown = await occupied.catch((error: unknown) => error)
    resolve({ cause: causeOf(taskError), exitCode })
  })
  occupied.catch(() => {}) // told with the exit code
  killed.addEventListener('abort', () => resolve({ cause: killed.reason }), { once: true })
  return promise
}

/** `process.exit` has no cause but its code, for which Piscina has an error of its own. */
function causeOf(taskError: unknown): unknown {
  const isPlainExit = taskError instanceof Error && taskError.message.startsWith('worker exited with code')
  return isPlainExit ? undefined : taskError
}
