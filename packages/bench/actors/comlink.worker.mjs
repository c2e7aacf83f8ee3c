import { parentPort } from 'node:worker_threads'
import * as Comlink from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { Actor } from './actor.mjs'

Comlink.expose(new Actor(), nodeEndpoint(parentPort))
