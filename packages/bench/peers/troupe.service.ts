import { AllowAny, expose, Service } from '@troupe/worker-host'
import * as Comlink from 'comlink'

export class Echo extends Service {
  @expose(AllowAny) add(a: number, b: number): number {
    return a + b
  }

  @expose(AllowAny) echo(value: unknown): unknown {
    return value
  }

  @expose(AllowAny) handOver(buffer: ArrayBuffer): ArrayBuffer {
    return Comlink.transfer(buffer, [buffer])
  }
}
