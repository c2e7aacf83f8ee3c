import { AllowAny, type CallQuestion, expose, Policy, Service } from '@troupe/worker-host'
import * as z from 'zod'

/** A rule of an author's own, which only the service's thread can ask. */
class OwnPolicy extends Policy {
  isAuthorized({ caller, method }: CallQuestion): boolean {
    return caller === 'root' && method.length > 0
  }
}

const TWO_NUMBERS = { args: z.tuple([z.number(), z.number()]) }

/** The same sum with one feature more, each. */
export class Sums extends Service {
  @expose(AllowAny)
  add(a: number, b: number): number {
    return a + b
  }

  @expose(AllowAny)
  addMany(calls: readonly [a: number, b: number][]): number[] {
    return calls.map(([a, b]) => a + b)
  }

  @expose(OwnPolicy)
  addByPolicy(a: number, b: number): number {
    return a + b
  }

  @expose(AllowAny, TWO_NUMBERS)
  addBySpec(a: number, b: number): number {
    return a + b
  }

  @expose(OwnPolicy, TWO_NUMBERS)
  addByBoth(a: number, b: number): number {
    return a + b
  }

  @expose(AllowAny)
  async addAsynchronously(a: number, b: number): Promise<number> {
    return a + b
  }

  @expose(AllowAny)
  async addInScope(a: number, b: number): Promise<number> {
    await null
    return this.call.caller === 'root' ? a + b : Number.NaN
  }

  @expose(OwnPolicy, TWO_NUMBERS)
  async addWithAll(a: number, b: number): Promise<number> {
    await null
    return this.call.caller === 'root' ? a + b : Number.NaN
  }
}
