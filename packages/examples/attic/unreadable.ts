/** What could not be read, and why. It is a result like any other: one bad file never ends a run. */
import { getSystemErrorMessage } from 'node:util'
import type { BytePath } from './names.ts'

export interface Unreadable {
  readonly path: BytePath
  /** The system's word, such as `EACCES`; ours is `CHANGED` for a file that was not the same to its end, `SIZE` for one of no true size. */
  readonly code: string
  readonly reason: string
}

/** @throws what is no error of the system's: a fault of ours, which must not pass for a bad file */
export function unreadable(path: BytePath, error: unknown): Unreadable {
  const { code, errno } = error as NodeJS.ErrnoException
  if (code === undefined || errno === undefined) throw error
  return { path, code, reason: getSystemErrorMessage(errno) }
}
