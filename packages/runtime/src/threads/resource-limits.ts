/** The limits of a thread's heap and stack, and what is wrong with them. */
import { messageOf } from '@troupe/worker-host'

const KNOWN = ['maxOldGenerationSizeMb', 'maxYoungGenerationSizeMb', 'codeRangeSizeMb', 'stackSizeMb']

/** Seen with Node 26: with 6 a thread starts, with 5 the thread or the whole process ends. */
const LEAST_HEAP_MB = 8

export function* resourceLimitProblems(limits: unknown): Generator<string> {
  if (limits === undefined) return
  if (typeof limits !== 'object' || limits === null || Array.isArray(limits)) {
    yield `"resourceLimits" must be an object such as { maxOldGenerationSizeMb: 256 }`
    return
  }
  for (const [name, value] of Object.entries(limits)) {
    if (!KNOWN.includes(name)) yield `unknown "${name}" in "resourceLimits", known: ${KNOWN.join(', ')}`
    else if (value !== undefined && !(typeof value === 'number' && value > 0)) {
      yield `"${name}" must be a number of mebibytes above 0, found ${messageOf(value)}`
    } else if (name === KNOWN[0] && (value as number) < LEAST_HEAP_MB) {
      yield `"${name}" must be at least ${LEAST_HEAP_MB}, found ${value}: V8 ends the process over a heap that it can't start in`
    }
  }
}
