import { describe, expect, it } from 'vitest'
import {
  type BackgroundMap,
  type CronOptions,
  cron,
  jobsOf,
  type TimerOptions,
  task,
  timer,
} from '../../packages/worker-host/src/tasks/declarations.ts'

type Decorator = ReturnType<typeof timer>
type Where = Partial<Pick<ClassMethodDecoratorContext, 'name' | 'static' | 'private'>>

/** What the compiler makes of a decorated method. */
function decorate(decorator: Decorator, method = () => {}, where: Where = {}): () => void {
  decorator(method, {
    kind: 'method',
    name: 'work',
    static: false,
    private: false,
    ...where,
  } as ClassMethodDecoratorContext)
  return method
}

const badOptions = (text: string) =>
  expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(text) })

const jobNames = (type: { readonly name: string; readonly prototype: object }) =>
  jobsOf(type, Object.prototype).map(({ name, declaration }) => `${name} ${declaration.kind}`)

describe('a decorator', () => {
  it.each([
    ['@task', task],
    ['@timer', timer('1s')],
    ['@cron', cron('* * * * *')],
  ] as const)(
    '%s on a static, private or symbol-named method is refused when the class is defined',
    (name, decorator) => {
      for (const where of [{ static: true }, { private: true }, { name: Symbol('s') }]) {
        expect(() => decorate(decorator as Decorator, () => {}, where)).toThrow(badOptions(`${name} on`))
      }
    },
  )

  it.each([
    ['no duration', () => timer('often' as '1s'), 'found'],
    ['no time between two calls', () => timer(0), 'more than 0'],
    ['an unknown mode', () => timer('1s', { mode: 'fast' } as unknown as TimerOptions), '"mode"'],
    ['an unknown option', () => timer('1s', { imediate: true } as TimerOptions), '"imediate"'],
    ['null for options', () => timer('1s', null as never), 'needs an object of options, found null'],
    ['a number for options of cron', () => cron('* * * * *', 5 as never), 'needs an object of options, found 5'],
    ['a number for options of a task', () => task(5 as never), 'needs an object of options, found 5'],
    ['an unknown onError', () => timer('1s', { onError: 'stop' } as unknown as TimerOptions), '"onError"'],
    ['an unknown option of cron', () => cron('* * * * *', { zone: 'UTC' } as CronOptions), '"zone"'],
    ['an unknown option of a task', () => task({ demon: true } as object), '"demon"'],
  ])('with %s is refused when the class is defined', (_, make, text) => {
    expect(() => decorate(make())).toThrow(badOptions(text))
  })

  it('is the only one of its method', () => {
    const method = decorate(timer('1s'))
    expect(() => decorate(cron('* * * * *'), method)).toThrow(badOptions('already'))
  })

  it('of a parent is replaced by that of the same name, and undone by an override without one', () => {
    class Parent {}
    class Child extends Parent {}
    const define = (type: { prototype: object }, name: string, value: () => void) =>
      Object.defineProperty(type.prototype, name, { value, configurable: true })
    for (const name of ['kept', 'replaced', 'undone']) define(Parent, name, decorate(timer('1s')))
    define(Child, 'replaced', decorate(cron('* * * * *')))
    define(Child, 'undone', () => {})
    expect(jobNames(Parent)).toEqual(['kept timer', 'replaced timer', 'undone timer'])
    expect(jobNames(Child)).toEqual(['replaced cron', 'kept timer'])
  })

  it('is found by every copy of this package in the thread', async () => {
    const copy = (await import(`${'../../packages/worker-host/src/tasks/declarations.ts'}?copy`)) as {
      timer: typeof timer
    }
    class Subject {}
    Object.defineProperty(Subject.prototype, 'work', { value: decorate(copy.timer('1s')) })
    expect(jobNames(Subject)).toEqual(['work timer'])
  })
})

describe('the static field "background"', () => {
  it('declares tasks, timers and cron jobs', () => {
    class Subject {
      static background: BackgroundMap = { a: {}, b: { every: '1s' }, c: { cron: '* * * * *' } }
      a() {}
      b() {}
      c() {}
    }
    expect(jobNames(Subject)).toEqual(['a task', 'b timer', 'c cron'])
  })

  it.each([
    ['a name that is no method', { gone: {} }, 'no method'],
    ['what is no object', { a: '10s' }, 'needs options'],
    ['an unknown option', { a: { evry: '10s' } }, '"evry"'],
    ['no duration', { a: { every: 'often' } }, 'found'],
  ])('with %s is refused', (_, background, text) => {
    class Subject {
      static background = background
      a() {}
    }
    expect(() => jobsOf(Subject, Object.prototype)).toThrow(badOptions(text))
  })
})
