/** Calls by a port, and measures that in its own thread, as the service `Asker` does. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { inFlightCpu, oneAfterAnother } from '../measure.ts'
import type { Turn } from '../question.ts'
import { bareCaller } from './bare-caller.ts'

const port: MessagePort = workerData
const adder = { ...bareCaller(port), close: async () => port.close() }

parentPort!.on('message', async ({ depth, turn }: { readonly depth: number; readonly turn: Turn }) => {
  parentPort!.postMessage(depth === 1 ? await oneAfterAnother(adder, turn) : await inFlightCpu(adder, depth, turn))
})
