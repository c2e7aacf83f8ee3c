import { parentPort, workerData } from 'node:worker_threads'

const port = workerData ?? parentPort

port.on('message', (request) => {
  if ('a' in request) {
    port.postMessage({ id: request.id, value: request.a + request.b })
    return
  }
  const { id, echo, isHandedOver } = request
  port.postMessage({ id, value: echo }, isHandedOver ? [echo] : [])
})
