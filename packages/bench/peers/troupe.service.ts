import { AllowAny, expose, Service, transfer } from '@troupe/worker-host'

export class Echo extends Service {
  @expose(AllowAny) add(a: number, b: number): number {
    return a + b
  }

  @expose(AllowAny) echo(value: unknown): unknown {
    return value
  }

  @expose(AllowAny) handOver(buffer: ArrayBuffer): ArrayBuffer {
    return transfer(buffer, [buffer])
  }
}
