import { EventEmitter, once } from 'node:events'
import { PassThrough } from 'node:stream'
import { MessageChannel } from 'node:worker_threads'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { listen } from '../../packages/worker-host/src/receivers/listening.ts'
import { Select, type Source } from '../../packages/worker-host/src/receivers/select.ts'

const BAD_OPTIONS = expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' })
const END = { done: true, value: undefined }

function selectOf<From extends Source>(...sources: From[]): Select<From> {
  const select = new Select<From>()
  for (const source of sources) select.add(source)
  return select
}

/** Counts how often it is asked, and tells whether it was left. */
function countingSource(limit = Number.POSITIVE_INFINITY) {
  const source = {
    asked: 0,
    isLeft: false,
    async *[Symbol.asyncIterator]() {
      try {
        while (source.asked < limit) yield ++source.asked
      } finally {
        source.isLeft = true
      }
    },
  }
  return source
}

async function* of<T>(...values: T[]): AsyncGenerator<T> {
  yield* values
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a select', () => {
  it('yields what its sources yield, each with its source, and ends when the last one has ended', async () => {
    const [letters, numbers] = [of('a', 'b'), of(1)]
    const events = await Array.fromAsync(selectOf<typeof letters | typeof numbers>(letters, numbers))
    expect(events.filter(({ source }) => source === letters).map(({ value }) => value)).toEqual(['a', 'b'])
    expect(events.filter(({ source }) => source === numbers).map(({ value }) => value)).toEqual([1])
    expect(events).toHaveLength(3)
  })

  it('yields every value of every source once, in the order of its source, whatever the sources are', async () => {
    const lists = fc.array(fc.array(fc.integer(), { maxLength: 20 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(lists, async (values) => {
        const sources = values.map((list) => of(...list))
        const events = await Array.fromAsync(selectOf(...sources))
        const seen = sources.map((source) => events.filter((event) => event.source === source))
        expect(seen.map((list) => list.map(({ value }) => value))).toEqual(values)
      }),
    )
  })

  it('asks each source of several in turn, though one of them always has something', async () => {
    const emitter = new EventEmitter()
    const flood = listen(emitter, 'drop')
    const [first, second] = [countingSource(), countingSource()]
    const select = selectOf<typeof flood | typeof first>(flood, first, second)
    for (let n = 0; n < 1_000; n++) emitter.emit('drop', n)
    select[Symbol.asyncIterator]()
    await settled()
    const counts = new Map<object, number>()
    for (let n = 0; n < 300; n++) {
      const { value } = await select.next()
      counts.set(value!.source, (counts.get(value!.source) ?? 0) + 1)
      await settled()
    }
    await select.close()
    expect([...counts.values()]).toEqual([100, 100, 100])
  })

  it('asks an async iterable for one value more than has been read, and no more', async () => {
    const source = countingSource()
    const select = selectOf(source)
    await settled()
    expect(source.asked).toBe(0)
    for (let n = 0; n < 5; n++) await select.next()
    await settled()
    expect(source.asked).toBe(6)
    await select.close()
  })

  it('takes sources in and lets them go while it is read', async () => {
    const [first, second] = [countingSource(), countingSource()]
    const select = selectOf(first)
    expect((await select.next()).value).toEqual({ source: first, value: 1 })
    await settled()
    expect(await select.remove(first)).toBe(true)
    expect(first.isLeft).toBe(true)
    const next = select.next()
    expect(select.add(second)).toBe(true)
    expect(await next).toEqual({ done: false, value: { source: second, value: 1 } })
    expect(await select.remove(first)).toBe(false)
    expect(select.add(first)).toBe(true)
    await select.close()
  })

  it('settles all who wait when it is closed, and leaves its sources', async () => {
    const { port1, port2 } = new MessageChannel()
    const emitter = new EventEmitter()
    const target = new EventTarget()
    const select = selectOf<Source>(port1, listen(emitter, 'tick'), listen(target, 'tock'))
    const waiting = [select.next(), select.next(), select.next()]
    await select.close()
    expect(await Promise.all(waiting)).toEqual([END, END, END])
    expect(await select.next()).toEqual(END)
    expect(emitter.eventNames()).toEqual([])
    expect(port1.listenerCount('message')).toBe(0)
    port2.close()
  })

  it('leaves its sources when the loop over it is left', async () => {
    const source = countingSource()
    for await (const { value } of selectOf(source)) if (value === 3) break
    expect(source.isLeft).toBe(true)
  })

  it('does not wait, when it is closed, for a source that waits for its own next value', async () => {
    const never = (async function* () {
      await new Promise(() => {})
      yield 1
    })()
    const stream = new PassThrough()
    const select = selectOf<AsyncIterable<unknown>>(never, stream)
    const next = select.next()
    await select.close()
    expect(await next).toEqual(END)
    expect(stream.destroyed).toBe(true)
  })

  it('rejects its reader once when a source fails, after what had come before, and leaves the others', async () => {
    const other = new EventEmitter()
    const failing = (async function* () {
      yield 'fine'
      throw new RangeError('broken')
    })()
    const select = selectOf<Source>(failing, listen(other, 'tick'))
    expect((await select.next()).value).toEqual({ source: failing, value: 'fine' })
    await expect(select.next()).rejects.toThrow(new RangeError('broken'))
    expect(await select.next()).toEqual(END)
    expect(other.eventNames()).toEqual([])
  })

  it('rejects when a source throws as it is left', async () => {
    const bad = (async function* () {
      try {
        yield 1
        yield 2
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is the point
        throw new RangeError('left badly')
      }
    })()
    const select = selectOf(bad)
    await select.next()
    await settled()
    await expect(select.close()).rejects.toThrow('left badly')
  })

  it('goes on without sources until one is added, when it never had any', async () => {
    const select = new Select()
    const next = select.next()
    await settled()
    const source = of('late')
    select.add(source)
    expect(await next).toEqual({ done: false, value: { source, value: 'late' } })
    expect(await select.next()).toEqual(END)
  })

  it('goes on when its last source was removed: a source may be added yet, and closing settles who waits', async () => {
    const first = (async function* () {
      yield 1
      await new Promise(() => {})
    })()
    const second = countingSource()
    const select = selectOf<AsyncIterable<unknown>>(first)
    const waiting = [select.next(), select.next()]
    expect(await waiting[0]).toEqual({ done: false, value: { source: first, value: 1 } })
    await select.remove(first)
    await settled()
    select.add(second)
    expect(await waiting[1]).toEqual({ done: false, value: { source: second, value: 1 } })
    await select.remove(second)
    const last = select.next()
    await select.close()
    expect(await last).toEqual(END)
  })

  it.each<[string, readonly ('end' | 'remove')[]]>([
    ['one ends, and then the other is removed', ['end', 'remove']],
    ['one is removed, and then the other ends', ['remove', 'end']],
    ['one ends, and then the others are removed', ['end', 'remove', 'remove']],
    ['one ends between two that are removed', ['remove', 'end', 'remove']],
    ['all end', ['end', 'end']],
  ])('ends with the last of its sources, and settles who waits, when %s', async (_, steps) => {
    const emitter = new EventEmitter()
    const sources = steps.map((_, n) => listen(emitter, `event ${n}`, { until: `end ${n}` }))
    const select = selectOf(...sources)
    const waiting = [select.next(), select.next()]
    let isClosed = false
    void select.closed.then(() => (isClosed = true))
    for (const [n, step] of steps.entries()) {
      expect(isClosed).toBe(false)
      if (step === 'end') emitter.emit(`end ${n}`)
      else expect(await select.remove(sources[n]!)).toBe(true)
      await settled()
    }
    expect(isClosed).toBe(true)
    expect(await Promise.all(waiting)).toEqual([END, END])
    expect(emitter.eventNames()).toEqual([])
    expect(select.add(sources[0]!)).toBe(false)
  })

  it('ends its loop when the body removes the last source, though the end of another was not read yet', async () => {
    const emitter = new EventEmitter()
    const [ending, endless] = [listen(emitter, 'x', { until: 'over' }), countingSource()]
    const select = selectOf<Source>(endless, ending)
    for await (const { source } of select) {
      expect(source).toBe(endless)
      emitter.emit('over')
      await select.remove(endless)
    }
    expect(emitter.eventNames()).toEqual([])
    expect(endless.isLeft).toBe(true)
  })

  it('goes on when the source that is removed had ended, and nobody had read that yet', async () => {
    const emitter = new EventEmitter()
    const source = listen(emitter, 'x', { until: 'over' })
    const select = selectOf<Source>(source)
    emitter.emit('over')
    await select.remove(source)
    const next = select.next()
    const later = of('later')
    expect(select.add(later)).toBe(true)
    expect(await next).toEqual({ done: false, value: { source: later, value: 'later' } })
    expect(await select.next()).toEqual(END)
  })

  it('ends with a last source that throws as it is removed, which tells only whoever removes it', async () => {
    const bad = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: () => Promise.reject(new RangeError('left badly')),
      }),
    }
    const select = selectOf<AsyncIterable<unknown>>(of(), bad)
    await select.next()
    await select.next()
    await settled()
    await expect(select.remove(bad)).rejects.toThrow(new RangeError('left badly'))
    expect(await select.next()).toEqual(END)
    await select.closed
  })

  it('leaves alone a source that is added after its end', async () => {
    const select = new Select()
    await select.close()
    const emitter = new EventEmitter()
    const source = listen(emitter, 'tick')
    expect(select.add(source)).toBe(false)
    expect(emitter.eventNames()).toEqual([])
    expect(selectOf(source)).toBeInstanceOf(Select)
  })
})

describe('a select in a select', () => {
  it('gives its events as they are, with the innermost source', async () => {
    const [letters, numbers] = [of('a'), of(1)]
    const outer = selectOf<AsyncIterable<unknown>>(selectOf(selectOf(letters)), numbers)
    expect(await Array.fromAsync(outer)).toEqual(
      expect.arrayContaining([
        { source: letters, value: 'a' },
        { source: numbers, value: 1 },
      ]),
    )
  })

  it('is closed with the one that it is in', async () => {
    const source = countingSource()
    const inner = selectOf(source)
    const outer = selectOf(inner)
    await outer.next()
    await settled()
    await outer.close()
    expect(source.isLeft).toBe(true)
    expect(await inner.next()).toEqual(END)
  })

  it.each([1, 2, 3])('can not be in itself, over %d others', (depth) => {
    const first = new Select()
    let last = first
    for (let n = 1; n < depth; n++) {
      const next = new Select()
      last.add(next)
      last = next
    }
    expect(() => last.add(first)).toThrow(BAD_OPTIONS)
  })

  it.each([1, 2, 3])('can not be in itself, over %d iterables that give it', (depth) => {
    const given = (select: Select): Source => ({ [Symbol.asyncIterator]: () => select[Symbol.asyncIterator]() })
    const first = new Select()
    let last = first
    for (let n = 1; n < depth; n++) {
      const next = new Select()
      last.add(given(next))
      last = next
    }
    expect(() => last.add(given(first))).toThrow(/a select can not be a source of itself/)
  })

  it('that reads itself over generators is given no error and no end, until it is closed', async () => {
    const [first, second] = [new Select(), new Select()]
    const through = async function* (select: Select) {
      for await (const event of select) yield event
    }
    first.add(through(second))
    second.add(through(first))
    const waiting = [first.next(), second.next()]
    await Promise.all([first.close(), second.close()])
    expect(await Promise.all(waiting)).toEqual([END, END])
  })
})

describe('a source', () => {
  it.each(['this select', 'another select'])('that is in %s already is BAD_OPTIONS', async (where) => {
    const { port1, port2 } = new MessageChannel()
    const sources = [of(1), port1, listen(new EventEmitter(), 'tick'), new Select()]
    const select = selectOf<Source>(...sources)
    const second = where === 'this select' ? select : new Select()
    for (const source of sources) expect(() => second.add(source)).toThrow(BAD_OPTIONS)
    await select.close()
    port1.close()
    port2.close()
  })

  const { port1: port, port2: peer } = new MessageChannel()
  const [emitter, target, generator] = [new EventEmitter(), new EventTarget(), of(1)]
  const given = (): Source => ({ [Symbol.asyncIterator]: () => generator })
  afterAll(() => {
    port.close()
    peer.close()
  })

  it.each<[string, Source, Source]>([
    ['a port and its messages', port, listen(port, 'message')],
    ['the messages of a port and the port', listen(port, 'message'), port],
    ['the messages of a port twice', listen(port, 'message'), listen(port, 'message', { capacity: 1 })],
    ['an event of an emitter twice', listen(emitter, 'x'), listen(emitter, 'x', { until: 'end' })],
    ['an event of a target twice', listen(target, 'x'), listen(target, 'x')],
    ['a generator and an iterable that gives it', generator, given()],
    ['an iterable that gives a generator and that', given(), generator],
    ['two iterables that give one generator', given(), given()],
  ])('that is read already is BAD_OPTIONS, and may be added when it has left: %s', async (_, first, second) => {
    const select = selectOf(first)
    expect(() => select.add(second)).toThrow(BAD_OPTIONS)
    await select.remove(first)
    expect(select.add(second)).toBe(true)
    await select.remove(second)
    expect(emitter.eventNames()).toEqual([])
    expect(port.listenerCount('message')).toBe(0)
  })

  it.each<[string, Source, Source]>([
    ['another event of an emitter', listen(emitter, 'x'), listen(emitter, 'y')],
    ['an event of another emitter', listen(emitter, 'x'), listen(new EventEmitter(), 'x')],
    ['another event of a port', port, listen(port, 'other')],
  ])('that is not read yet is taken: %s', async (_, first, second) => {
    const select = selectOf(first)
    expect(select.add(second)).toBe(true)
    await select.close()
  })

  it('whose emitter refuses its listener is not taken, and may be added again', async () => {
    const shy = new EventEmitter()
    shy.once('newListener', () => {
      throw new RangeError('not now')
    })
    const [select, source] = [new Select(), listen(shy, 'x')]
    expect(() => select.add(source)).toThrow(new RangeError('not now'))
    expect(select.add(source)).toBe(true)
    await select.close()
  })

  it('that has an event of an emitter does not keep it from another select', async () => {
    const selects = [selectOf(listen(emitter, 'x')), selectOf(listen(emitter, 'x'))]
    emitter.emit('x', 1)
    for (const select of selects) {
      expect((await select.next()).value!.value).toEqual([1])
      await select.close()
    }
  })

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [1, '1'],
    ['a text', "'a text'"],
    [Symbol('x'), 'Symbol(x)'],
    [{}, 'found {}'],
    [new EventEmitter(), 'EventEmitter'],
    [[1, 2], '[Array]'],
    [{ [Symbol.asyncIterator]: 5 }, '[Object]'],
    [{ [Symbol.asyncIterator]: () => 5 }, 'an iterator with "next", found 5'],
    [{ [Symbol.asyncIterator]: () => null }, 'an iterator with "next", found null'],
    [{ [Symbol.asyncIterator]: () => ({}) }, 'an iterator with "next", found {}'],
    [{ [Symbol.asyncIterator]: () => ({ next: 5 }) }, 'an iterator with "next", found [Object]'],
  ])('can not be %o, and the select says what was found', (source, found) => {
    const select = new Select()
    const add = () => select.add(source as never)
    expect(add).toThrow(BAD_OPTIONS)
    expect(add).toThrow(found)
    expect(select.isRead).toBe(false)
  })

  it('that has ended may be added to another select', async () => {
    const select = new Select<AsyncIterable<number>>()
    const source = { [Symbol.asyncIterator]: () => of(1) }
    select.add(source)
    await Array.fromAsync(select)
    expect(await Array.fromAsync(selectOf(source))).toEqual([{ source, value: 1 }])
  })
})

describe('a port', () => {
  it('gives its messages in order, and leaves when it is closed', async () => {
    const { port1, port2 } = new MessageChannel()
    const select = selectOf(port1)
    for (const text of ['one', 'two', 'three']) port2.postMessage(text)
    port2.close()
    const events = await Array.fromAsync(select)
    expect(events.map(({ value }) => value)).toEqual(['one', 'two', 'three'])
    expect(events[0]!.source).toBe(port1)
  })

  it.each(['this side', 'the other side'])('that was closed from %s before it was added ends at once', async (side) => {
    const { port1, port2 } = new MessageChannel()
    const closed = once(port1, 'close')
    ;(side === 'this side' ? port1 : port2).close()
    await closed
    for (const source of [port1, listen(port1, 'message', { until: 'over' })]) {
      expect(await Array.fromAsync(selectOf<Source>(source))).toEqual([])
    }
    expect(port1.listenerCount('message')).toBe(0)
  })

  it('that was handed on before it was added ends at once', async () => {
    const [{ port1 }, carrier] = [new MessageChannel(), new MessageChannel()]
    carrier.port1.postMessage(port1, [port1])
    expect(await Array.fromAsync(selectOf(port1))).toEqual([])
    carrier.port1.close()
  })

  it.each(['ref', 'unref'] as const)('that is open is read, whatever it had been told with %s', async (told) => {
    const { port1, port2 } = new MessageChannel()
    const ignore = () => {}
    port1.on('message', ignore)
    port1[told]()
    const select = selectOf(port1)
    port2.postMessage('here')
    expect((await select.next()).value).toEqual({ source: port1, value: 'here' })
    await select.close()
    port1.close()
  })

  it('that sends more than 1,024 messages which nobody reads fails the select', async () => {
    const { port1, port2 } = new MessageChannel()
    const select = selectOf(port1)
    const heard = new Promise<void>((resolve) => port1.on('message', (n) => n === 1_025 && resolve()))
    for (let n = 1; n <= 1_025; n++) port2.postMessage(n)
    await heard
    for (let n = 1; n <= 1_024; n++) expect((await select.next()).value!.value).toBe(n)
    await expect(select.next()).rejects.toMatchObject({ code: 'ERR_TROUPE_BUFFER_FULL' })
    port1.close()
  })
})

describe('listen', () => {
  it('gives the arguments of an emitter, and the events of a target', async () => {
    const [emitter, target] = [new EventEmitter(), new EventTarget()]
    const [calls, events] = [listen(emitter, 'call'), listen(target, 'event')]
    const select = selectOf<typeof calls | typeof events>(calls, events)
    emitter.emit('call', 1, 'two')
    const event = new Event('event')
    target.dispatchEvent(event)
    expect((await select.next()).value).toEqual({ source: calls, value: [1, 'two'] })
    expect((await select.next()).value).toEqual({ source: events, value: event })
    await select.close()
  })

  it('ends with the event that "until" names, after what had come before it', async () => {
    const emitter = new EventEmitter()
    const select = selectOf(listen(emitter, 'line', { until: 'end' }))
    emitter.emit('line', 'last')
    emitter.emit('end')
    emitter.emit('line', 'too late')
    expect((await Array.fromAsync(select)).map(({ value }) => value)).toEqual([['last']])
    expect(emitter.eventNames()).toEqual([])
  })

  it('fails with what the emitter tells as "error"', async () => {
    const emitter = new EventEmitter()
    const select = selectOf(listen(emitter, 'line'))
    emitter.emit('error', new RangeError('cut off'))
    await expect(select.next()).rejects.toThrow(new RangeError('cut off'))
  })

  it.each([
    ['fail', [1, 2, 'ERR_TROUPE_BUFFER_FULL'], 0],
    ['dropOldest', [3, 4, 'end'], 2],
    ['dropNewest', [1, 2, 'end'], 2],
  ] as const)('keeps up to its capacity, and then "%s" decides', async (overflow, expected, dropped) => {
    const emitter = new EventEmitter()
    const source = listen(emitter, 'n', { capacity: 2, overflow, until: 'end' })
    const select = selectOf(source)
    for (const n of [1, 2, 3, 4]) emitter.emit('n', n)
    emitter.emit('end')
    const seen: unknown[] = []
    try {
      for await (const { value } of select) seen.push(value[0])
      seen.push('end')
    } catch (error) {
      seen.push((error as { code: string }).code)
    }
    expect(seen).toEqual(expected)
    expect(source.dropped).toBe(dropped)
  })

  const emitter = new EventEmitter()
  it.each([
    ['no arguments', [], 'found undefined'],
    ['no emitter', [{}, 'tick'], 'needs an EventEmitter or an EventTarget, found {}'],
    ['null', [null, 'tick'], 'found null'],
    ['an emitter that can not be left', [{ on() {} }, 'tick'], 'needs an EventEmitter or an EventTarget'],
    ['no name', [emitter, undefined], 'needs the name of an event, found undefined'],
    ['a symbol', [emitter, Symbol('x')], 'needs the name of an event, found Symbol(x)'],
    ['a symbol on no emitter', [{}, Symbol('x')], 'found'],
    ['null as options', [emitter, 'tick', null], 'needs options, such as { capacity: 10 }, found null'],
    ['a number as options', [emitter, 'tick', 5], 'needs options, such as { capacity: 10 }, found 5'],
    ['a list as options', [emitter, 'tick', ['end']], 'needs options, such as { capacity: 10 }, found [Array]'],
    ['a function as options', [emitter, 'tick', () => {}], 'needs options, such as { capacity: 10 }, found [Function'],
    ['a number as until', [emitter, 'tick', { until: 5 }], '"until" must be the name of an event, found 5'],
    ['null as until', [emitter, 'tick', { until: null }], '"until" must be the name of an event, found null'],
    ['no capacity', [emitter, 'tick', { capacity: 0 }], '"capacity" must be a whole number from 1, found 0'],
    ['a symbol as capacity', [emitter, 'tick', { capacity: Symbol('x') }], 'found Symbol(x)'],
    ['an unknown overflow', [emitter, 'tick', { overflow: 'grow' }], "dropNewest, found 'grow'"],
    ['an object as overflow', [emitter, 'tick', { overflow: Object.create(null) }], 'dropNewest, found'],
    ['an unknown option', [emitter, 'tick', { size: 1 }], 'unknown size, known: until, capacity, overflow'],
  ])('with %s throws BAD_OPTIONS, which says what was found', (_, args, found) => {
    const call = () => Reflect.apply(listen, undefined, args)
    expect(call).toThrow(BAD_OPTIONS)
    expect(call).toThrow(found)
  })
})
