/** What a proxy has, by its type. Checked by `npm run check`; nothing here runs. */
import type { Pool, RemoteStream, Service, ServiceHandle, ServiceProxy } from '@troupe/runtime'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function holds<_Claim extends true>(): void

interface Row {
  readonly id: number
}

declare class Shop extends Service<{ readonly file: string }> {
  stock: number
  readonly arrow: () => number
  static open(): Shop
  private hidden(): void
  protected guarded(): void
  protected override prepare(): void
  get total(): number
  [Symbol.iterator](): Iterator<number>

  add(a: number, b?: number): number
  later(text: string): Promise<string>
  deep(): Promise<Promise<number>>
  nothing(): void
  flag(): boolean
  either(): Promise<string> | undefined
  fails(): never
  loose(): ReturnType<typeof JSON.parse>
  unsure(): unknown
  rest(first: string, ...others: number[]): number
  rows(limit: number): AsyncGenerator<Row>
  sum(values: readonly number[]): Promise<number>
}

declare const proxy: ServiceProxy<Shop>

// Every public method of the class itself, the proxy's own `$with`, and nothing else.
holds<
  Same<
    keyof ServiceProxy<Shop>,
    | '$with'
    | 'add'
    | 'arrow'
    | 'later'
    | 'deep'
    | 'nothing'
    | 'flag'
    | 'either'
    | 'fails'
    | 'loose'
    | 'unsure'
    | 'rest'
    | 'rows'
    | 'sum'
  >
>()

// What a method gives becomes a promise, once; what an async generator gives, a stream.
holds<Same<typeof proxy.add, (a: number, b?: number) => Promise<number>>>()
holds<Same<typeof proxy.later, (text: string) => Promise<string>>>()
holds<Same<typeof proxy.deep, () => Promise<number>>>()
holds<Same<typeof proxy.nothing, () => Promise<void>>>()
holds<Same<typeof proxy.flag, () => Promise<boolean>>>()
holds<Same<typeof proxy.either, () => Promise<string | undefined>>>()
holds<Same<typeof proxy.fails, () => Promise<never>>>()
holds<Same<typeof proxy.loose, () => Promise<ReturnType<typeof JSON.parse>>>>()
holds<Same<typeof proxy.unsure, () => Promise<unknown>>>()
holds<Same<typeof proxy.rest, (first: string, ...others: number[]) => Promise<number>>>()
holds<Same<typeof proxy.rows, (limit: number) => RemoteStream<Row>>>()

export async function use(): Promise<void> {
  for await (const row of proxy.rows(3)) holds<Same<typeof row, Row>>()
  await using stream = proxy.rows(3)
  await stream.return()
  proxy.flag().then((value) => value)

  // @ts-expect-error: an argument of another type
  await proxy.add('1')
  // @ts-expect-error: an argument too few
  await proxy.later()
  // @ts-expect-error: an argument too many
  await proxy.nothing(1)
  // @ts-expect-error: a rest argument of another type
  await proxy.rest('a', 1, 'b')
  // @ts-expect-error: the promise, where its value is asked for
  const sum: number = proxy.sum([1])
  // @ts-expect-error: a stream is no promise
  proxy.rows(3).then(() => {})
  // @ts-expect-error: a promise is no stream
  for await (const _ of proxy.add(1)) return void sum

  // @ts-expect-error: a method that there is not
  await proxy.missing()
  // @ts-expect-error: a field
  await proxy.stock
  // @ts-expect-error: an accessor
  await proxy.total
  // @ts-expect-error: a private method
  await proxy.hidden()
  // @ts-expect-error: a protected method
  await proxy.guarded()
  // @ts-expect-error: a static method
  await proxy.open()
  // @ts-expect-error: a method named by a symbol
  proxy[Symbol.iterator]()
  // @ts-expect-error: setting
  proxy.add = async () => 1
  // @ts-expect-error: `then`: a proxy is no promise
  proxy.then(() => {})
}

export function baseMembers(): unknown[] {
  return [
    // @ts-expect-error: a hook
    proxy.prepare,
    // @ts-expect-error: a hook
    proxy.start,
    // @ts-expect-error: a hook
    proxy.pause,
    // @ts-expect-error: a hook
    proxy.stop,
    // @ts-expect-error: a hook
    proxy.cleanup,
    // @ts-expect-error: the body
    proxy.run,
    // @ts-expect-error: the options
    proxy.options,
    // @ts-expect-error: the name
    proxy.name,
    // @ts-expect-error: the context
    proxy.context,
    // @ts-expect-error: the state
    proxy.state,
    // @ts-expect-error: the signal
    proxy.signal,
    // @ts-expect-error: the generation
    proxy.generation,
  ]
}

export function fromPool(pool: Pool): void {
  holds<Same<ReturnType<typeof pool.proxy<Shop>>, ServiceProxy<Shop>>>()
  holds<Same<ServiceHandle<Shop>['proxy'], ServiceProxy<Shop>>>()
  // @ts-expect-error: without the class nothing is known of the service
  void pool.proxy('shop').add
}
