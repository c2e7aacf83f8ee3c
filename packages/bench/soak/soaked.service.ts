import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { AllowAny, expose, Service } from '@troupe/worker-host'

/** Answers, counts, and knows what its thread holds on to. */
export class Soaked extends Service {
  @expose(AllowAny)
  add(a: number, b: number): number {
    return a + b
  }

  @expose(AllowAny)
  async *count(items: number): AsyncGenerator<number> {
    for (let n = 0; n < items; n++) yield n
  }

  /** The heap of this thread, after a collection. @unit bytes */
  @expose(AllowAny)
  heapBytes(): number {
    setFlagsFromString('--expose-gc')
    runInNewContext('gc')()
    return process.memoryUsage().heapUsed
  }
}
