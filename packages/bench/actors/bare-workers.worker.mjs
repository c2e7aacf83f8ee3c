import { parentPort } from 'node:worker_threads'
import { Actor } from './actor.mjs'

const actor = new Actor()

parentPort.on('message', async ({ id, method, argument }) => {
  parentPort.postMessage({ id, value: await actor[method](argument) })
})
