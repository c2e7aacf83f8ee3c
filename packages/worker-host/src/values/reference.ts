/** The types of what stays in one thread and is called from another. */
import type { ProxyMarked } from './comlink.ts'

/** Only in types: which function or object a stub stands for. */
declare const TARGET: unique symbol

type Callable = (...args: never[]) => unknown

type Distant<Method> = Method extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<Awaited<Result>>
  : never

/**
 * What the other side gets for a function or an object that was marked by `proxy()`: its calls are promises.
 *
 *     @expose(AllowAny)
 *     async resize(images: string[], onProgress: Stub<(done: number) => void>) { … onProgress(1) … }
 *
 *     await images.proxy.resize(files, proxy((done) => console.log(done)))
 *
 * A call of a stub rejects with what the function threw; with `ERR_TROUPE_REVOKED` once the call that it came with has
 * ended, or when it was let go by `stub[Symbol.dispose]()`. A rejection that nobody looks at is not an unhandled one. A
 * stub can be given on, to another service: its calls then come by way of who gave it.
 */
export type Stub<Target> = (Target extends Callable
  ? Distant<Target>
  : { readonly [Name in keyof Target as Target[Name] extends Callable ? Name : never]: Distant<Target[Name]> }) &
  Disposable &
  ProxyMarked & { readonly [TARGET]: Target }

type Refused = symbol | PromiseLike<unknown> | Callable

/** What a caller gives for an argument that the method gets as `Arg`. */
export type Given<Arg> = unknown extends Arg
  ? Arg
  : Arg extends { readonly [TARGET]: infer Target }
    ? Near<Target> & ProxyMarked
    : Arg extends Refused
      ? never
      : true extends HoldsStub<Arg>
        ? { [Name in keyof Arg]: Given<Arg[Name]> }
        : Arg

/** What a stub stands for, as whoever has it may write it: it may also answer later. */
type Near<Target> = Target extends (...args: infer Args) => infer Result
  ? (...args: Args) => Result | Promise<Awaited<Result>>
  : Target

/** Looks three levels deep; an object without stubs stays itself, private members and all. */
type HoldsStub<Arg, Depth extends readonly 0[] = []> = Depth['length'] extends 3
  ? false
  : Arg extends { readonly [TARGET]: unknown }
    ? true
    : Arg extends Callable
      ? false
      : Arg extends readonly (infer Element)[]
        ? HoldsStub<Element, [...Depth, 0]>
        : Arg extends object
          ? { [Name in keyof Arg]-?: HoldsStub<Arg[Name], [...Depth, 0]> }[keyof Arg]
          : false
