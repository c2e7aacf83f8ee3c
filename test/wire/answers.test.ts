/** Results that go past the owner: the ports by which they leave, and the log in which the owner reads of them. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerPorts } from '../../packages/worker-host/src/host/answer-ports.ts'
import { AnsweredLog } from '../../packages/worker-host/src/wire/answered-log.ts'

function openPorts() {
  const log = AnsweredLog.open(256)
  let told = 0
  const ports = new AnswerPorts(() => void told++)
  const channels: MessageChannel[] = []
  return {
    ports,
    log,
    told: () => told,
    openTo(caller: string): MessagePort {
      const channel = new MessageChannel()
      channels.push(channel)
      ports.open({ caller, port: channel.port2, log: log.words })
      return channel.port1
    },
    [Symbol.dispose]() {
      for (const { port1 } of channels) port1.close()
    },
  }
}

const AT = { number: 3, ordinal: 9 }
const heard = (port: MessagePort): unknown => receiveMessageOnPort(port)?.message

describe('a result that goes straight to its caller', () => {
  it('leaves at once, and is noted', () => {
    using opened = openPorts()
    const caller = opened.openTo('root/a')
    expect(opened.ports.at('root/a', AT)?.put(5, { ok: true })).toBe(true)
    expect(heard(caller)).toEqual([3, 9, { ok: true }])
    expect(opened.log.read()).toEqual([5])
  })

  it('goes by the port that its caller had when the call began, or by the owner when that is closed', () => {
    using opened = openPorts()
    opened.openTo('root/a')
    const former = opened.ports.at('root/a', AT)
    const next = opened.openTo('root/a')
    expect(opened.ports.at('root/a', AT)?.put(4, 'for the next')).toBe(true)
    expect(heard(next)).toEqual([3, 9, 'for the next'])
    expect(former?.put(5, 'for the former')).toBe(false)
    expect(heard(next)).toBeUndefined()
    expect(opened.log.read()).toEqual([4])
  })

  it.each([
    ['what can only be cloned at once', new Map()],
    ['what can’t be sent', () => {}],
    ['what is large', new Uint8Array(100_000)],
  ])('is not %s: that goes by the owner', (_, value) => {
    using opened = openPorts()
    const caller = opened.openTo('root/a')
    expect(opened.ports.at('root/a', AT)?.put(5, value)).toBe(false)
    expect(heard(caller)).toBeUndefined()
  })

  it('has no way to a caller that has no port', () => {
    using opened = openPorts()
    opened.openTo('root/a')
    expect(opened.ports.at('root/b', AT)).toBeUndefined()
  })

  it('is told of when the owner waits for it, or else of 64 at a time, and of the rest at the end', () => {
    using opened = openPorts()
    opened.openTo('root/a')
    const answer = (count: number) => {
      for (let id = 0; id < count; id++) opened.ports.at('root/a', AT)?.put(id, id)
    }
    answer(63)
    expect(opened.told()).toBe(0)
    answer(1)
    expect(opened.told()).toBe(1)
    opened.log.want(true)
    answer(1)
    expect(opened.told()).toBe(2)
    opened.log.want(false)
    answer(1)
    opened.ports.close()
    opened.ports.close()
    expect(opened.told()).toBe(3)
  })
})

it('the log gives what was written, in order and once, however often it is read', () => {
  const bursts = fc.array(fc.nat({ max: 40 }), { maxLength: 50 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), bursts, (calls, bursts) => {
      const owner = AnsweredLog.open(calls)
      const thread = new AnsweredLog(owner.words)
      let next = 0
      for (const burst of bursts) {
        const written = Array.from({ length: Math.min(burst, calls) }, () => next++)
        for (const id of written) thread.write(id)
        expect(owner.read()).toEqual(written)
        expect(owner.read()).toEqual([])
      }
    }),
  )
})
