/** A host may end past its steps: to its service it is the same. */
import { MessageChannel } from 'node:worker_threads'
import { expect, it, vi } from 'vitest'
import { Host } from '../../packages/worker-host/src/host/host.ts'
import { TRANSITIONS } from '../../packages/worker-host/src/service/life-cycle.ts'
import { HomeContext } from '../../packages/worker-host/src/service/service-context.ts'
import { memoryCarrier } from '../../packages/worker-host/src/wire/carrier.ts'
import { fixture } from '../fixtures/index.ts'

const module = fixture('late-starter.mjs').href

it.each(['step by step', 'at once'] as const)('a service that was ended %s begins no task any more', async (way) => {
  const { port1, port2 } = new MessageChannel()
  const host = new Host(new HomeContext('root'), memoryCarrier)
  const [prepare, start, pause, stop] = TRANSITIONS
  const opened = await host.open({
    name: 'late',
    context: 'root',
    caller: 'root',
    generation: 1,
    moduleUrl: module,
    exportName: 'LateStarter',
    options: undefined,
    isSerialized: false,
    maxTasks: 1,
    ahead: [prepare!, start!],
    begun: undefined,
    port: port1,
  })
  expect(opened).toMatchObject({ ok: true, value: { done: 2 } })
  const end = host.bodyEnd()
  if (way === 'at once') expect(await host.carryOut(pause!, [stop!])).toEqual({ ok: true, value: 'closed' })
  else {
    for (const move of [pause!, stop!]) expect(await host.carryOut(move)).toEqual({ ok: true, value: 'left' })
    await host.close()
  }
  expect(await end).toEqual({ ok: true, value: 'aborted' })
  const { LateStarter } = await import(module)
  const run = vi.fn()
  expect(() => LateStarter.last.begin(run)).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_NOT_RUNNING' }))
  expect(run).not.toHaveBeenCalled()
  port2.close()
})
