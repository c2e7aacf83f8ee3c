import { AllowAny, expose, Service } from '@troupe/worker-host'
// @ts-expect-error plain JavaScript, so that the bare workers need not strip types
import { Actor as PlainActor } from './actor.mjs'
import type { Actor } from './crew.ts'

export class ActorService extends Service {
  #actor: Actor = new PlainActor()

  @expose(AllowAny) pass(hops: number): Promise<number> {
    return this.#actor.pass(hops)
  }

  @expose(AllowAny) increment(): void {
    this.#actor.increment()
  }

  @expose(AllowAny) total(): Promise<number> {
    return this.#actor.total()
  }

  @expose(AllowAny) put(item: number): Promise<unknown> {
    return this.#actor.put(item)
  }

  @expose(AllowAny) take(): Promise<number> {
    return this.#actor.take()
  }
}
