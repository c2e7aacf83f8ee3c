import { type MessagePort, parentPort } from 'node:worker_threads'
import { CHUNK_BYTES, madeNow } from './streamer.ts'

const chunk = new Uint8Array(CHUNK_BYTES)

parentPort!.on('message', ({ kind, port }: { kind: 'numbers' | 'chunks'; port: MessagePort }) => {
  let sent = 0
  port.on('message', (credit: number) => {
    for (let room = credit; room > 0; room--) port.postMessage(kind === 'numbers' ? sent++ : madeNow(chunk))
  })
})
