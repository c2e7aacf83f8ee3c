import { parentPort, type Transferable } from 'node:worker_threads'
import { CHUNK_BYTES, madeNow, WINDOW } from './streamer.ts'

parentPort!.on('message', (kind: 'numbers' | 'chunks') => {
  let sent = 0
  const readable = new ReadableStream(
    { pull: (controller) => controller.enqueue(kind === 'numbers' ? sent++ : madeNow(new Uint8Array(CHUNK_BYTES))) },
    new CountQueuingStrategy({ highWaterMark: WINDOW }),
  )
  parentPort!.postMessage(readable, [readable as unknown as Transferable])
})
