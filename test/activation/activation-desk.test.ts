import { ActivationDeniedError } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { ActivationDesk } from '../../packages/runtime/src/activation/activation-desk.ts'
import { Activator } from '../../packages/runtime/src/activation/activator.ts'
import type { CallRequest } from '../../packages/runtime/src/calls/call.ts'
import { fixture } from '../fixtures/index.ts'

const NAME = 'lazy#Lazy'
const ID = 'root/images'
const call = (caller: string): CallRequest => ({
  service: NAME,
  method: 'whoCalls',
  args: [],
  caller,
  isIdempotent: false,
  signal: undefined,
  timeoutMs: null,
})

/** The desk of a context whose pool above says that the service is alive there, and then answers the call itself like that. */
function deskBelow(answer: (request: CallRequest) => Promise<unknown>) {
  const spawned: string[] = []
  const desk = new ActivationDesk({
    id: ID,
    activator: new Activator(),
    modules: undefined,
    given: () => [fixture('lazy.ts')],
    thread: 'parent',
    serviceNamed: (name) => (spawned.includes(name) ? async () => 'from here' : undefined),
    spawn: async ({ name }) => void spawned.push(name),
    above: async (request) => (request.method === 'isAlive' ? true : answer(request)),
    expect: async () => 'from here',
    disappoint: () => {},
    onRefused: () => {},
  })
  return { desk, spawned }
}

describe('a call from within of a service that was alive above when that was asked', () => {
  it('brings it to life here when it is gone from there before the call is: its caller may do so here, and not there', async () => {
    const { desk, spawned } = deskBelow(async () => {
      throw new ActivationDeniedError(NAME, `root/${NAME}`, ID)
    })
    expect(await desk.take(call(ID), false)).toBe('from here')
    expect(spawned).toEqual([NAME])
  })

  it.each([
    [
      'what the service itself was refused of another',
      new ActivationDeniedError('other#Other', 'root/other#Other', ID),
    ],
    ['what another caller was refused of it', new ActivationDeniedError(NAME, `root/${NAME}`, `${ID}/below`)],
    ['what its method throws', new RangeError('from there')],
  ])('rejects with %s, and brings nothing to life here', async (_what, error) => {
    const { desk, spawned } = deskBelow(() => Promise.reject(error))
    await expect(desk.take(call(ID), false)).rejects.toBe(error)
    expect(spawned).toEqual([])
  })
})
