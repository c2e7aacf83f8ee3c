import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupDuplicates, type HashedFile } from '../../packages/examples/attic/groups.ts'
import { fromText } from '../../packages/examples/attic/names.ts'

const file = (path: string, bytes: number, sha256: string): HashedFile => ({ path: fromText(path), bytes, sha256 })

describe('groupDuplicates', () => {
  it('leaves out what stands alone', () => {
    expect(groupDuplicates([file('/a', 1, 'aa'), file('/b', 1, 'bb')])).toEqual([])
  })

  it('puts first what frees most, and orders by sha-256 what frees the same', () => {
    const groups = groupDuplicates([
      ...['/1', '/2', '/3'].map((path) => file(path, 10, 'cc')), // frees 20
      ...['/4', '/5'].map((path) => file(path, 20, 'bb')), // frees 20
      ...['/6', '/7'].map((path) => file(path, 21, 'dd')), // frees 21
      ...['/8', '/9'].map((path) => file(path, 0, 'aa')), // frees nothing
    ])

    expect(groups.map(({ sha256 }) => sha256)).toEqual(['dd', 'bb', 'cc', 'aa'])
  })

  it('orders paths by their bytes, not by their characters', () => {
    // In UTF-16 the second comes first: its surrogates are below U+FF5E.
    const [first, second] = ['/\uff5e', '/\u{1f3ad}']

    const [group] = groupDuplicates([file(second!, 1, 'aa'), file(first!, 1, 'aa')])

    expect(group?.paths).toEqual([fromText(first!), fromText(second!)])
  })

  it('gives the same groups in whatever order the files came', () => {
    const files = fc.uniqueArray(fc.tuple(fc.string(), fc.constantFrom('aa', 'bb', 'cc', 'dd')), {
      selector: ([path]) => path,
    })
    const shuffled = files.chain((drawn) => {
      const all = drawn.map(([path, sha256]) => file(`/${path}`, sha256.charCodeAt(0) % 3, sha256))
      return fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))
    })
    fc.assert(fc.property(shuffled, ([a, b]) => isDeepStrictEqual(groupDuplicates(a), groupDuplicates(b))))
  })
})
