/** What a proxy takes and gives beside plain values, by its type. Checked by `npm run check`; nothing here runs. */
import { lasting, type ProxyMarked, proxy, type Service, type ServiceProxy, type Stub, transfer } from '@troupe/runtime'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function holds<_Claim extends true>(): void

declare class Money {
  private readonly cents: number
  plus(other: Money): Money
}

interface Tree {
  readonly value: number
  readonly children: readonly Tree[]
}

declare class Bank extends Service {
  take(value: (n: number) => void): void
  mark(value: symbol): void
  later(value: Promise<number>): void
  either(value: number | (() => void)): void
  pay(amount: Money, at: Date, from: URL): Money
  grow(tree: Tree): Tree
  watch(onChange: Stub<(cents: number) => string>): void
  watchAll(hooks: { readonly name: string; readonly onChange?: Stub<(cents: number) => string> }): void
  charge(account: Stub<{ readonly owner: string; pay(cents: number): boolean }>): void
  open(): { pay(cents: number): boolean; readonly owner: string } & ProxyMarked
  adder(): Promise<((n: number) => number) & ProxyMarked>
  accounts(): AsyncGenerator<{ pay(cents: number): boolean } & ProxyMarked>
  upload(chunks: AsyncIterable<Uint8Array>): Promise<number>
  anything(value: unknown): void
}

declare const bank: ServiceProxy<Bank>
declare const money: Money

export async function use(): Promise<void> {
  await bank.pay(money, new Date(), new URL('https://example.org'))
  holds<Same<Parameters<typeof bank.grow>, [tree: Tree]>>()
  holds<Same<Parameters<typeof bank.pay>, [amount: Money, at: Date, from: URL]>>()
  await bank.anything(transfer(new ArrayBuffer(1), []))
  await bank.either(1)

  // @ts-expect-error: a function
  await bank.take(() => {})
  // @ts-expect-error: a symbol
  await bank.mark(Symbol('s'))
  // @ts-expect-error: a promise
  await bank.later(Promise.resolve(1))
  // @ts-expect-error: a function, where a number would do
  await bank.either(() => {})

  await bank.watch(proxy((cents: number) => `${cents}`))
  await bank.watch(proxy(async (cents: number) => `${cents}`))
  await bank.watch(lasting((cents: number) => `${cents}`))
  await bank.watchAll({ name: 'all', onChange: proxy((cents: number) => `${cents}`) })
  await bank.watchAll({ name: 'none' })
  await bank.charge(proxy({ owner: 'ada', pay: (cents: number) => cents > 0 }))
  // @ts-expect-error: a function that is not marked
  await bank.watch((cents: number) => `${cents}`)
  // @ts-expect-error: a function that is not marked, inside of an object
  await bank.watchAll({ name: 'all', onChange: (cents: number) => `${cents}` })
  // @ts-expect-error: a function of another type
  await bank.watch(proxy((cents: number) => cents))
  // @ts-expect-error: an object that lacks a method
  await bank.charge(proxy({ owner: 'ada' }))

  const account = await bank.open()
  holds<Same<Awaited<ReturnType<typeof account.pay>>, boolean>>()
  account[Symbol.dispose]()
  // @ts-expect-error: a field stays where it is
  void account.owner
  for await (const each of bank.accounts()) holds<Same<Awaited<ReturnType<typeof each.pay>>, boolean>>()
  const add = await bank.adder()
  const sum: number = await add(1)
  void sum

  await bank.upload(new Blob([]).stream())
  await bank.upload(
    (async function* () {
      yield new Uint8Array(1)
    })(),
  )
  // @ts-expect-error: chunks of another type
  await bank.upload(new Set([1]))
}

export function inside(stub: Stub<(cents: number) => Promise<string>>): Promise<string> {
  // @ts-expect-error: an argument of another type
  void stub('1')
  return stub(1)
}
