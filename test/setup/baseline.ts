/** After each file no thread, port, timer or socket may be left that was not there before it. */
import { afterAll, beforeAll, expect } from 'vitest'

/** Handles that the runner itself opens while a file runs. */
const RUNNERS_OWN: ReadonlySet<string> = new Set([
  'PipeWrap',
  'Pipe',
  'TTYWrap',
  'FSReqCallback',
  'FSReqPromise',
  'Immediate',
])

let before: Map<string, number>

beforeAll(() => {
  before = activeHandles()
})

afterAll(async () => {
  // A port's close and a thread's exit are told in a later turn of the loop than the promise that waits for them.
  for (let turn = 0; turn < 50 && leftOver().length > 0; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(leftOver(), 'handles left open by this file').toEqual([])
})

function leftOver(): string[] {
  return [...activeHandles()].flatMap(([type, count]) => {
    const more = count - (before.get(type) ?? 0)
    return more > 0 && !RUNNERS_OWN.has(type) ? [`${more} × ${type}`] : []
  })
}

function activeHandles(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1)
  return counts
}
