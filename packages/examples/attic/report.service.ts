/** Says which of the files that have been hashed are duplicates, the most rewarding first. */
import { AllowAny, expose, Service } from '@troupe/worker-host'
import { type Group, groupDuplicates, type HashedFile } from './groups.ts'

export class Report extends Service<undefined> {
  @expose(AllowAny)
  async *rank(files: readonly HashedFile[]): AsyncGenerator<Group> {
    yield* groupDuplicates(files)
  }
}
