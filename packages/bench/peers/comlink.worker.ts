import { parentPort } from 'node:worker_threads'
import * as Comlink from 'comlink'
// @ts-expect-error its declarations lie beside it, but named for `.js`
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'

export const remote = { add: (a: number, b: number) => a + b }

Comlink.expose(remote, nodeEndpoint(parentPort!))
