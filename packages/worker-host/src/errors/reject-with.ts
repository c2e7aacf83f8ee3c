/**
 * Rejects a call so that the error's stack goes on with the frames of whoever awaits the call.
 *
 * Taking a stack at each call would cost it about 1 µs, more than the rest of a batched call, for an error that rarely
 * comes. V8 can give the awaiting frames afterwards, for nothing, but only to an error made inside a job whose promise
 * the caller awaits. So the call's promise is first tied to one that will reject, and the error is made in that job.
 */

/** Makes an error in the job that it is given. */
export type MakeError = (job: () => never) => unknown

/** @param make makes the error; called once, where the caller's frames can be seen */
export function rejectWith(resolve: (value: Promise<never>) => void, make: MakeError): void {
  // `resolve` takes one microtask to tie the two promises; one hop more, and the job runs with the tie in place.
  const hop = Promise.resolve().then(() => {})
  resolve(
    hop.then(function job(): never {
      throw make(job)
    }),
  )
}
