/** Streams what stands in folders and below them, at the caller's pace: a slow reader slows the walk. */
import { AllowAny, expose, Service } from '@troupe/worker-host'
import type { BytePath } from './names.ts'
import { type FolderId, type Listing, walkFolders } from './walk.ts'

export class Walker extends Service<undefined> {
  @expose(AllowAny)
  async *walk(folders: readonly BytePath[], elsewhere: ReadonlySet<FolderId>): AsyncGenerator<Listing> {
    yield* walkFolders(folders, elsewhere)
  }
}
