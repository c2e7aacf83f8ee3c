/**
 * What a spare thread does while nobody waits for it: a service of no use is opened, brought to RUNNING and called, over
 * ports as its owner would do it. V8 compiles a function when it is first called, so the first service of the thread
 * would wait for that at every step. Nothing of it stays but compiled code: the host is closed, and the object let go.
 */
import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import * as Comlink from 'comlink'
import { AllowAny } from '../access/built-in-policies.ts'
import { expose } from '../access/expose.ts'
import { TRANSITIONS } from '../service/life-cycle.ts'
import { Service } from '../service/service.ts'
import { HomeContext } from '../service/service-context.ts'
import { memoryCarrier } from '../wire/carrier.ts'
import { controlEndpoint } from '../wire/control-endpoint.ts'
import { Request } from '../wire/messages.ts'
import { Host, type HostApi, requireOk } from './host.ts'

const [UP, DOWN] = [TRANSITIONS.slice(0, 2), TRANSITIONS.slice(2)]

export class Rehearsal extends Service {
  @expose(AllowAny) answer(): number {
    return 1
  }
}

/** @param moduleUrl exports `Rehearsal` @throws what a step threw: a call to a service that is not there would wait for ever */
export async function rehearse(moduleUrl: string): Promise<void> {
  const id = 'rehearsal'
  const control = new MessageChannel()
  const calls = new MessageChannel()
  Comlink.expose(new Host(new HomeContext(id), memoryCarrier), controlEndpoint(control.port1))
  const host = Comlink.wrap(controlEndpoint(control.port2)) as unknown as HostApi
  const order = {
    name: id,
    context: id,
    caller: id,
    generation: 1,
    moduleUrl,
    exportName: Rehearsal.name,
    options: undefined,
    isSerialized: false,
    maxTasks: 1,
    ahead: UP,
    begun: memoryCarrier.shareCount()?.far,
    port: calls.port1,
  }
  requireOk(await host.open(Comlink.transfer(order, [calls.port1])))
  const replied = once(calls.port2, 'message')
  calls.port2.postMessage([Request.Call, 0, 0, 0])
  await replied
  const [pause, stop] = DOWN
  requireOk(await host.carryOut(pause!)) // step by step, as when the service is asked to stop
  requireOk(await host.carryOut(stop!, [])) // at once, as when its pool is closed
  control.port2.close()
}
