/** The file services, which a thread loads only where they are used. */
export { type FetchedFile, type FileSource, fetchFile } from './files/fetch-file.ts'
export {
  type FileEnd,
  type FileHead,
  type FilePart,
  FileService,
  type FileServiceOptions,
} from './files/file-service.ts'
export { PushFileService } from './files/push-file-service.ts'
export { PushedFiles, type PushedFilesOptions, type PushTarget, type StoreOptions } from './files/pushed-files.ts'
