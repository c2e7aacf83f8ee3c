import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { listen } from '../../packages/worker-host/src/receivers/listening.ts'
import { openSelect } from '../../packages/worker-host/src/receivers/open-select.ts'
import type { Source } from '../../packages/worker-host/src/receivers/select.ts'
import { openBackground, settled } from '../tasks/open-background.ts'

const END = { done: true, value: undefined }

describe("a service's select", () => {
  it('ends with the tasks of the service, and its timers with it', async () => {
    const { background, tasks, clock } = await openBackground()
    const select = openSelect(tasks, [background.every('1s')], undefined)
    const next = select.next()
    await clock.advance(1_000)
    expect((await next).value).toMatchObject({ value: 1 })
    const waiting = select.next()
    expect(tasks.stats.running).toEqual(['select'])
    expect(await background.leave(1_000)).toEqual({ errors: [], unfinished: [] })
    expect(await waiting).toEqual(END)
    expect(clock.pending).toBe(0)
  })

  it('ends at once when the service is ending already', async () => {
    const { background, tasks } = await openBackground()
    tasks.run(async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      const emitter = new EventEmitter()
      const select = openSelect(tasks, [listen(emitter, 'tick')], undefined)
      expect(await select.next()).toEqual(END)
      expect(emitter.eventNames()).toEqual([])
    })
    expect(await background.leave(1_000)).toEqual({ errors: [], unfinished: [] })
  })

  it('is a child of the task that made it, which ends after it', async () => {
    const order: string[] = []
    const { background, tasks } = await openBackground()
    tasks.run(async (signal) => {
      signal.addEventListener('abort', () => order.push('parent'))
      for await (const _ of openSelect(tasks, [listen(new EventEmitter(), 'tick')], undefined));
      order.push('loop')
    })
    await background.leave(1_000)
    expect(order).toEqual(['loop'])
  })

  it('that is not read goes to the handler, also when its last source has ended and another is added', async () => {
    const heard: unknown[] = []
    const { background, tasks } = await openBackground()
    const select = openSelect<Source>(tasks, [], ({ value }) => heard.push(value))
    const emitter = new EventEmitter()
    select.add(listen(emitter, 'one', { until: 'over' }))
    await settled()
    emitter.emit('one', 1)
    emitter.emit('over')
    await settled()
    select.add(listen(emitter, 'two'))
    emitter.emit('two', 2)
    await settled()
    expect(heard).toEqual([[1], [2]])
    await background.leave(1_000)
  })

  it('that is not read goes to the handler, also when one source has ended and the last was removed', async () => {
    const heard: unknown[] = []
    const { background, tasks } = await openBackground()
    const emitter = new EventEmitter()
    const [first, second] = [listen(emitter, 'one', { until: 'over' }), listen(emitter, 'two')]
    const select = openSelect<Source>(tasks, [first, second], ({ value }) => heard.push(value))
    await settled()
    emitter.emit('over')
    await settled()
    await select.remove(second)
    expect(select.add(listen(emitter, 'three'))).toBe(true)
    emitter.emit('three', 3)
    await settled()
    expect(heard).toEqual([[3]])
    expect(tasks.stats.running).toEqual(['select'])
    await background.leave(1_000)
  })

  it.each(['ends, then the other is removed', 'is removed, then the other ends'])(
    'of a loop is no task any more when one source %s',
    async (order) => {
      const { background, tasks } = await openBackground()
      const emitter = new EventEmitter()
      const [ending, removed] = [listen(emitter, 'one', { until: 'over' }), listen(emitter, 'two')]
      const select = openSelect(tasks, [ending, removed], undefined)
      const loop = Array.fromAsync(select)
      const steps = [() => emitter.emit('over'), () => select.remove(removed)]
      for (const step of order.startsWith('ends') ? steps : steps.reverse()) {
        expect(tasks.stats.running).toEqual(['select'])
        await step()
        await settled()
      }
      expect(await loop).toEqual([])
      expect(tasks.stats.running).toEqual([])
      await background.leave(1_000)
    },
  )

  it('fails the service when a source of the handler fails', async () => {
    const { background, tasks } = await openBackground()
    const emitter = new EventEmitter()
    openSelect(tasks, [listen(emitter, 'tick')], () => {})
    await settled()
    emitter.emit('error', new RangeError('cut off'))
    await expect(background.ended).rejects.toThrow(new RangeError('cut off'))
    await background.leave(1_000)
  })

  it('tells its own reader, and not the service, when a source fails', async () => {
    const { background, tasks } = await openBackground()
    const emitter = new EventEmitter()
    const select = openSelect(tasks, [listen(emitter, 'tick')], () => {})
    const next = select.next()
    emitter.emit('error', new RangeError('cut off'))
    await expect(next).rejects.toThrow(new RangeError('cut off'))
    expect(await background.leave(1_000)).toEqual({ errors: [], unfinished: [] })
  })

  it('fails the service when a source throws as it is left', async () => {
    const { background, tasks } = await openBackground()
    const bad = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: () => Promise.reject(new RangeError('left badly')),
      }),
    }
    const select = openSelect(tasks, [bad], undefined)
    await select.next()
    await settled()
    expect(await background.leave(1_000)).toEqual({ errors: [new RangeError('left badly')], unfinished: [] })
  })

  it('with a source that is none throws, and leaves those before it', async () => {
    const { background, tasks } = await openBackground()
    const emitter = new EventEmitter()
    const open = () => openSelect<Source>(tasks, [listen(emitter, 'tick'), {} as never], undefined)
    expect(open).toThrow(expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }))
    expect(emitter.eventNames()).toEqual([])
    await background.leave(1_000)
  })
})
