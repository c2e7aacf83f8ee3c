import { describe, expect, it } from 'vitest'
import { byteSize } from '../../packages/worker-host/src/streams/byte-size.ts'

const cyclic: { part: Uint8Array; self?: object } = { part: new Uint8Array(10) }
cyclic.self = cyclic

describe('the size of an item', () => {
  it.each<readonly [string, unknown, number]>([
    ['a number', 7, 0],
    ['null', null, 0],
    ['a function', () => {}, 0],
    ['a text', 'twelve bytes', 12],
    ['a buffer', new ArrayBuffer(100), 100],
    ['a part of a buffer', new Uint8Array(new ArrayBuffer(100), 10, 5), 5],
    ['a Buffer', Buffer.alloc(33), 33],
    ['a message with buffers and texts', { path: 'abc', parts: [new Uint8Array(10), new Float64Array(2)] }, 29],
    [
      'an object of a class',
      new (class Chunk {
        bytes = new Uint8Array(9)
      })(),
      9,
    ],
    ['one that leads back to itself, four deep', cyclic, 40],
    ['a Map', new Map([['key', 'value']]), 0],
    [
      'one with a getter that throws',
      {
        get part() {
          throw new Error('hostile')
        },
      },
      0,
    ],
    ['a revoked Proxy', revoked(), 0],
  ])('counts its buffers and texts, and nothing else: %s', (_, item, bytes) => {
    expect(byteSize(item)).toBe(bytes)
  })
})

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
