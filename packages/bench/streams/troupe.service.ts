import { AllowAny, expose, Service } from '@troupe/worker-host'
import { CHUNK_BYTES, madeNow } from './streamer.ts'

export class Source extends Service {
  @expose(AllowAny)
  async *numbers(): AsyncGenerator<number> {
    for (let n = 0; ; n++) yield n
  }

  @expose(AllowAny)
  async *chunks(): AsyncGenerator<Uint8Array> {
    const chunk = new Uint8Array(CHUNK_BYTES)
    while (true) yield madeNow(chunk)
  }
}
