/**
 * The file services, for those who own them:
 *
 *     const files = await pool.spawn<FileService>({ name: 'files', ...fileService })
 */
export {
  type FetchedFile,
  type FileEnd,
  type FileHead,
  type FilePart,
  type FileService,
  type FileServiceOptions,
  type FileSource,
  fetchFile,
  PushedFiles,
  type PushedFilesOptions,
  type PushFileService,
  type PushTarget,
  type StoreOptions,
} from '@troupe/worker-host/files'

const module = new URL(import.meta.resolve('@troupe/worker-host/files'))

/** Where `FileService` is, for a specification. */
export const fileService = { module, exportName: 'FileService' } as const
/** Where `PushFileService` is, for a specification. */
export const pushFileService = { module, exportName: 'PushFileService' } as const
