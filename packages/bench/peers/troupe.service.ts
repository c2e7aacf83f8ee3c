import { AllowAny, expose, Service } from '@troupe/worker-host'

export class Adder extends Service {
  @expose(AllowAny) add(a: number, b: number): number {
    return a + b
  }
}
