import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { growthIn, type Sample } from '../../packages/bench/soak/verdict.ts'

const MIB = 1_048_576
const main = join(import.meta.dirname, '../../packages/bench/soak/main.ts')

/** Samples of a run in which one field has these values. */
const run = (field: keyof Sample, values: readonly number[]): Sample[] =>
  values.map((value) => ({
    ownerHeapBytes: 8 * MIB,
    threadHeapBytes: 5 * MIB,
    handles: 3,
    unanswered: 0,
    [field]: value,
  }))

describe('the verdict of a soak', () => {
  it.each<readonly [string, Sample[]]>([
    ['nothing changes', run('handles', [3, 3, 3, 3])],
    [
      'the first round alone has less',
      run(
        'ownerHeapBytes',
        [2, 8, 8, 8].map((mib) => mib * MIB),
      ),
    ],
    [
      'single rounds have more',
      run(
        'threadHeapBytes',
        [5, 5, 9, 5, 5, 9, 5].map((mib) => mib * MIB),
      ),
    ],
    [
      'it grows by less than a MiB',
      run(
        'threadHeapBytes',
        [5, 5, 5.3, 5.9].map((mib) => mib * MIB),
      ),
    ],
    ['the last one looks before a handle is closed', run('handles', [3, 3, 3, 3, 3, 3, 4])],
  ])('is flat where %s', (_, samples) => {
    expect(growthIn(samples)).toEqual([])
  })

  it.each<readonly [string, Sample[], RegExp]>([
    [
      'the owner’s heap grows',
      run(
        'ownerHeapBytes',
        [8, 8, 9, 10].map((mib) => mib * MIB),
      ),
      /ownerHeapBytes grew/,
    ],
    [
      'the thread’s heap grows',
      run(
        'threadHeapBytes',
        [5, 5, 5, 7].map((mib) => mib * MIB),
      ),
      /threadHeapBytes grew/,
    ],
    ['handles are left', run('handles', [3, 3, 4, 5]), /handles grew from 3 to 5/],
    ['calls are left', run('unanswered', [0, 0, 1, 0]), /1 calls were unanswered/],
  ])('names what is wrong where %s', (_, samples, problem) => {
    expect(growthIn(samples)).toEqual([expect.stringMatching(problem)])
  })
})

describe('a soak', () => {
  it('in its short form is flat, and ends with 0', async () => {
    const plan = ['--calls', '40000', '--items', '40000', '--rounds', '8']
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...plan])
    expect(stdout.match(/^round \d of 8: /gm)).toHaveLength(8)
    expect(stdout).toContain('✓ flat over 40000 calls and 40000 items')
  })

  it('that is asked for no number of calls ends with 2', async () => {
    await expect(promisify(execFile)(process.execPath, [main, '--calls', 'many'])).rejects.toMatchObject({ code: 2 })
  })
})
