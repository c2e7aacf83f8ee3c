/** What a program gives a pool by mistake, mostly something that is not there: the error says which, and has a code. */
import {
  BatchingInvoker,
  CircuitBreakerInvoker,
  ConcurrencyLimitInvoker,
  type Context,
  DeduplicatingInvoker,
  lasting,
  PerMethodInvoker,
  Pool,
  RateLimitInvoker,
  RetryInvoker,
  SerializedInvoker,
  toDot,
  toMermaid,
  transfer,
} from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'

const NO_TEXT = [undefined, null, 5, {}, [], Symbol('name'), Object.create(null), () => {}] as const
const NO_OBJECT = [undefined, null, 5, 'text', [], () => {}] as const

const badOptions = (message: RegExp) =>
  expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringMatching(message) })

interface Place {
  readonly pool: Pool
  readonly context: Context
}

async function openPlace() {
  const pool = new Pool({ threads: { min: 0 } })
  const context = await pool.context({ name: 'context' })
  return { pool, context, [Symbol.asyncDispose]: () => pool.close() }
}

/** In one promise, however it fails. */
const made = async (make: () => unknown): Promise<unknown> => make()

describe('a name that is no text is BAD_OPTIONS that says so', () => {
  const LOOKUPS: Readonly<Record<string, (place: Place, name: never) => unknown>> = {
    get: ({ pool }, name) => pool.get(name),
    proxy: ({ pool }, name) => pool.proxy(name),
    call: ({ pool }, name) => pool.call(name, 'add', 1, 2),
    'call, for the method': ({ pool }, name) => pool.call('calculator', name),
    start: ({ pool }, name) => pool.start(name),
    remove: ({ pool }, name) => pool.remove(name),
    register: ({ pool }, name) => pool.register(name, 'serialized'),
    "a context's call": ({ context }, name) => context.call(name, 'add', 1, 2),
    'activate, for the export': ({ pool }, name) => pool.activate(fixture('calculator.ts'), name),
  }

  it.each(Object.entries(LOOKUPS))('%s', async (way, look) => {
    await using place = await openPlace()
    for (const name of NO_TEXT) {
      if (way === 'start' && name === undefined) continue // the same as none
      await expect(made(() => look(place, name as never))).rejects.toEqual(badOptions(/must be a text, found /))
    }
  })

  it.each(['', '/', 'api/', '/stock', 'api//stock', '../stock', './stock', 'api/..'])(
    'and so is one that no service can have: "%s"',
    async (name) => {
      await using place = await openPlace()
      const refused = badOptions(/^a service's name must be such as "stock" or "api\/stock", found "/)
      expect(() => place.pool.proxy(name)).toThrow(refused)
      await expect(place.pool.call(name, 'add', 1, 2)).rejects.toEqual(refused)
      await expect(place.context.call(name, 'add', 1, 2)).rejects.toEqual(refused)
    },
  )

  it('a state that is waited for, and a text that is none', async () => {
    await using pool = new Pool({ threads: { min: 0 } })
    const handle = pool.add({ name: 'calculator', module: fixture('calculator.ts') })
    for (const state of [...NO_TEXT, 'running', '']) {
      await expect(handle.waitFor(state as never)).rejects.toEqual(
        badOptions(/^a state is one of STOPPED, .*FAILED, found /),
      )
    }
  })

  it('a context whose link is revoked, and a name that is no id', async () => {
    await using pool = new Pool({ threads: { min: 0 } })
    const handle = pool.add({ name: 'calculator', module: fixture('calculator.ts') })
    for (const id of NO_TEXT) {
      await expect(made(() => handle.revoke(id as never))).rejects.toEqual(
        badOptions(/^a context's id must be a text, found /),
      )
    }
    for (const name of ['', 'api', '/api', 'roots']) {
      await expect(made(() => handle.revoke(name))).rejects.toEqual(
        badOptions(/^a context's id must begin at the root, as "root\/api" does, found /),
      )
    }
    handle.revoke('root')
    handle.revoke('root/api')
  })

  it('a key of a provided value', async () => {
    await using pool = new Pool()
    for (const key of NO_TEXT) {
      await expect(made(() => pool.provide(key as never, 1))).rejects.toEqual(
        badOptions(/a key must be a text, found /),
      )
      await expect(made(() => pool.inject(key as never))).rejects.toEqual(badOptions(/a key must be a text, found /))
    }
  })
})

describe('what is no object is BAD_OPTIONS that says what was expected', () => {
  const SPECS: Readonly<Record<string, (place: Place, given: never) => unknown>> = {
    add: ({ pool }, spec) => pool.add(spec),
    spawn: ({ pool }, spec) => pool.spawn(spec),
    context: ({ pool }, spec) => pool.context(spec),
    "a context's add": ({ context }, spec) => context.add(spec),
    "a context's spawn": ({ context }, spec) => context.spawn(spec),
    'new Pool': (_, options) => new Pool(options),
  }

  it.each(Object.entries(SPECS))('%s', async (way, give) => {
    await using place = await openPlace()
    for (const given of NO_OBJECT) {
      if (given === undefined && way === 'new Pool') continue // there it may be left out
      await expect(made(() => give(place, given as never))).rejects.toEqual(
        badOptions(/must be an object such as \{ .* found /),
      )
    }
  })
})

describe('the options of a pool', () => {
  it.each([
    ['an option that is misspelt', { timeOutMs: 5 }, /unknown "timeOutMs", known: threads, timeoutMs, clock, modules/],
    ['modules that are no list', { modules: 'services' }, /"modules" must be a list/],
    ['a clock that is none', { clock: Date }, /"clock" must be a Clock, such as a ManualClock/],
    ['an activator that is none', { activator: {} }, /"activator" must be an Activator/],
    ['no time for calls', { timeoutMs: 0 }, /"timeoutMs" must be a number of milliseconds above 0/],
  ])('with %s are BAD_OPTIONS', (_, options, message) => {
    expect(() => new Pool(options as never)).toThrow(badOptions(message))
  })
})

describe('the specification of a context', () => {
  it.each([
    [
      'a module that is not there',
      { modules: ['/nowhere/x.ts'] },
      /"modules" names "file:.*x.ts", where there is no file/,
    ],
    ['modules that are no list', { modules: 'x' }, /"modules" must be a list of files and folders/],
    ['no heap to start in', { resourceLimits: { maxOldGenerationSizeMb: 2 } }, /must be at least 8, found 2/],
    [
      'a limit that is no number',
      { resourceLimits: { stackSizeMb: '4' } },
      /"stackSizeMb" must be a number of mebibytes/,
    ],
    ['a limit that there is not', { resourceLimits: { heap: 4 } }, /unknown "heap" in "resourceLimits", known: max/],
    ['limits that are none', { resourceLimits: 'x' }, /"resourceLimits" must be an object such as/],
    ['a list for an environment', { env: ['A'] }, /"env" must be an object of texts/],
    ['a number in the environment', { env: { A: 5 } }, /"env" must be an object of texts/],
    [
      'an option that only a process has',
      { execArgv: ['--max-old-space-size=64'] },
      /"execArgv" has what a thread can't/,
    ],
  ])('with %s is BAD_OPTIONS, before anything is started', async (_, wrong, message) => {
    await using pool = new Pool()
    await expect(pool.context({ name: 'context', ...wrong } as never)).rejects.toEqual(badOptions(message))
    expect(pool.stats().contexts).toBe(0)
  })
})

describe('an invoker', () => {
  const around = [{}, 5, 'serialized', null, () => {}, []] as never[]

  it.each<readonly [string, (next: never) => unknown]>([
    ['RetryInvoker', (next) => new RetryInvoker({}, next)],
    ['CircuitBreakerInvoker', (next) => new CircuitBreakerInvoker({}, next)],
    ['RateLimitInvoker', (next) => new RateLimitInvoker({ callsPerSecond: 1 }, next)],
    ['ConcurrencyLimitInvoker', (next) => new ConcurrencyLimitInvoker({ maxConcurrent: 1 }, next)],
    ['BatchingInvoker', (next) => new BatchingInvoker({ methods: {} }, next)],
    ['DeduplicatingInvoker', (next) => new DeduplicatingInvoker({}, next)],
    ['PerMethodInvoker', (next) => new PerMethodInvoker({}, next)],
  ])('%s around what is no Invoker is BAD_OPTIONS', (_, make) => {
    for (const next of around) {
      expect(() => make(next), String(next)).toThrow(badOptions(/^an invoker can be around another Invoker, found /))
    }
  })

  it.each([
    [undefined, /an object of functions by method, found undefined/],
    [null, /an object of functions by method, found null/],
    [5, /an object of functions by method, found 5/],
    ['serialized', /an object of functions by method, found "serialized"/],
    [[() => {}], /an object of functions by method, found a list/],
    [{ add: 5 }, /the layer of "add" must be made by a function, found 5/],
    [{ add: new SerializedInvoker() }, /the layer of "add" must be made by a function, found an object/],
    [{ add: () => null }, /the layer of "add" must be an Invoker around the one that it is given/],
  ])('for each method, made of %o, is BAD_OPTIONS', (layers, message) => {
    expect(() => new PerMethodInvoker(layers as never)).toThrow(badOptions(message))
  })

  it.each([
    [{}, /"methods" must be an object of batch methods, such as .*, found undefined/],
    [{ methods: null }, /"methods" must be an object of batch methods/],
    [{ methods: 'getMany' }, /"methods" must be an object of batch methods/],
    [{ methods: ['getMany'] }, /"methods" must be an object of batch methods/],
    [{ methods: { get: 5 } }, /the batch method of "get" must be another method, found 5/],
    [{ methods: { get: Object.create(null) } }, /the batch method of "get" must be another method, found an object/],
  ])('that batches, made of %o, is BAD_OPTIONS', (options, message) => {
    expect(() => new BatchingInvoker(options as never)).toThrow(badOptions(message))
  })
})

describe('what can not be put into a text', () => {
  const ODD = [Symbol('odd'), Object.create(null)] as const

  it.each([
    'name',
    'module',
    'exportName',
    'invoker',
    'link',
    'thread',
    'threads',
    'resourceLimits',
    'supervision',
    'dependsOn',
    'transitionMs',
    'graceMs',
    'maxTasks',
  ])('is BAD_OPTIONS as the "%s" of a service, or in it', async (key) => {
    await using pool = new Pool()
    for (const odd of ODD) {
      const isEmpty = typeof odd === 'object' && ['invoker', 'resourceLimits', 'supervision'].includes(key)
      const given = isEmpty ? { restart: odd, maxOldGenerationSizeMb: odd } : odd
      const add = () => pool.add({ name: 'calculator', module: fixture('calculator.ts'), [key]: given } as never)
      expect(add).toThrow(badOptions(/^service /))
    }
  })
})

it.each([toDot, toMermaid])('what is no graph can not be drawn: BAD_OPTIONS by %o', (draw) => {
  for (const graph of [undefined, null, 5, {}, { nodes: 5, edges: [] }, []]) {
    expect(() => draw(graph as never)).toThrow(badOptions(/^a drawing is made of what pool.graph\(\) resolves with/))
  }
})

it('what is neither a function nor an object can not be lasting: BAD_OPTIONS', () => {
  for (const target of [undefined, null, 5, 'text', Symbol('s')]) {
    expect(() => lasting(target as never)).toThrow(badOptions(/^lasting needs a function or an object, found /))
  }
})

it('what can not be moved along, and what is no list of it, is BAD_OPTIONS', () => {
  for (const value of [undefined, null, 5, 'text', Symbol('s')]) {
    expect(() => transfer(value, [])).toThrow(
      badOptions(/^transfer needs an object with which something is moved, found /),
    )
  }
  for (const list of [undefined, null, 5, new ArrayBuffer(1), {}]) {
    expect(() => transfer({}, list as never)).toThrow(badOptions(/^transfer needs a list of what is moved, found /))
  }
})

it('a signal to inject that is none is BAD_OPTIONS', async () => {
  await using pool = new Pool()
  await expect(pool.inject('key', { signal: 5 as never })).rejects.toEqual(
    badOptions(/"signal" must be an AbortSignal/),
  )
})

it.each(['.', '..'])('a service or a context named "%s", which no path leads to, is BAD_OPTIONS', async (name) => {
  await using pool = new Pool({ threads: { min: 0 } })
  expect(() => pool.add({ name, module: fixture('calculator.ts') })).toThrow(badOptions(/not be "." or ".."/))
  await expect(pool.context({ name })).rejects.toEqual(badOptions(/not be "." or ".."/))
})

it.each([0, -5, '5', Number.NaN, null])('a picture within %o ms is BAD_OPTIONS', async (timeoutMs) => {
  await using pool = new Pool({ threads: { min: 0 } })
  await expect(pool.graph({ timeoutMs } as never)).rejects.toEqual(badOptions(/^"timeoutMs" must be a number above 0/))
})
