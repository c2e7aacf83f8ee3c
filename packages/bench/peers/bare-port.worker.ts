import { type MessagePort, workerData } from 'node:worker_threads'
import type { Reply, Request } from './bare-port.ts'

const port: MessagePort = workerData

port.on('message', ({ id, a, b }: Request) => {
  port.postMessage({ id, sum: a + b } satisfies Reply)
})
