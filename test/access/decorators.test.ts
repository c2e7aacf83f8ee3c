import { AllowAny, cron, expose, Service, task, timer, transition } from '@troupe/worker-host'
import { describe, expect, it } from 'vitest'

type Decorator = (target: unknown, context: unknown, descriptor?: unknown) => unknown

const DECORATORS = {
  '@expose': expose(AllowAny),
  '@task': task,
  '@task({})': task({}),
  '@timer': timer('1s'),
  '@cron': cron('* * * * *'),
  '@transition': transition({ from: 'RUNNING', to: 'STOPPED', via: 'STOPPING' } as never),
} as unknown as Readonly<Record<string, Decorator>>

class Greeter extends Service {
  greet(): void {}
}

describe.each(Object.entries(DECORATORS))('%s', (name, decorator) => {
  const subject = name.replace('({})', '')

  it('that is called as TypeScript’s former decorators are says which option is in the way', () => {
    const descriptor = Object.getOwnPropertyDescriptor(Greeter.prototype, 'greet')
    expect(() => decorator(Greeter.prototype, 'greet', descriptor)).toThrow(
      expect.objectContaining({
        code: 'ERR_TROUPE_BAD_OPTIONS',
        message: `${subject} is a standard decorator: what compiles it must not have the option "experimentalDecorators"`,
      }),
    )
  })

  it.each(['field', 'getter', 'accessor', 'class'])('on a %s says that it needs a method', (kind) => {
    expect(() => decorator(undefined, { kind, name: 'greet', static: false, private: false })).toThrow(
      expect.objectContaining({
        code: 'ERR_TROUPE_BAD_OPTIONS',
        message: `${subject} on "greet" needs a method, found a ${kind}`,
      }),
    )
  })

  it.each([
    { how: 'a static method', method: { static: true } },
    { how: 'a private method', method: { private: true } },
    { how: 'a method without a text for a name', method: { name: Symbol('greet') } },
  ])('on $how says what it needs', ({ method }) => {
    const context = { kind: 'method', name: 'greet', static: false, private: false, ...method }
    expect(() => decorator(() => {}, context)).toThrow(
      expect.objectContaining({
        code: 'ERR_TROUPE_BAD_OPTIONS',
        message: `${subject} on "${String(context.name)}" needs an instance method with a string for a name, and no private one`,
      }),
    )
  })
})
