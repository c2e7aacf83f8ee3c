import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Definer, DefinitionName } from '../fixtures/services/definer.ts'

interface Plain {
  greet(name: string): string
  guarded(): string
  refused(): string
  unexposed(): string
  items(): AsyncGenerator<number>
}

const plain = { name: 'plain', module: fixture('plain.mjs') }

describe('the static field "exposed" of plain JavaScript', () => {
  it('exposes the methods that it names, by their policies', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Plain>({ ...plain, exportName: 'Plain' })
    expect(await proxy.greet('you')).toBe('hello you')
    expect(await proxy.guarded()).toBe('guarded')
    expect(await Array.fromAsync(proxy.items())).toEqual([1, 2])
    await expect(proxy.refused()).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_AUTHORIZED' })
    await expect(proxy.unexposed()).rejects.toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_METHOD' })
  })

  it('of a subclass can expose what it inherits, and an override that it does not name is hidden', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Plain>({ ...plain, exportName: 'PlainHeir' })
    expect(await proxy.unexposed()).toBe('never')
    expect(await proxy.guarded()).toBe('guarded')
    await expect(proxy.greet('you')).rejects.toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_METHOD' })
  })
})

describe('a service that exposes what can’t be exposed', () => {
  it.each([
    ['a name that begins with $', 'Dollar', '$with'],
    ['then', 'Then', 'then'],
    ['toJSON', 'ToJson', 'toJSON'],
    ['__proto__', 'Proto', '__proto__'],
    ['prototype', 'Prototype', 'prototype'],
    ['constructor', 'Constructor', 'constructor'],
    ['a method that it doesn’t have', 'Missing', 'missing'],
    ['a hook that it doesn’t override', 'OfService', 'prepare'],
    ['a member of every object', 'OfObject', 'toString'],
    ['an accessor', 'Accessor', 'value'],
    ['a field', 'Field', 'field'],
    ['a text for a policy', 'NotPolicy', '"m"'],
    ['a class that is no policy', 'NotClass', '"m"'],
    ['an empty list of policies', 'NoPolicies', '"m"'],
    ['an unknown option', 'UnknownOption', 'idempotentt'],
    ['options without a policy', 'OnlyOptions', '"m"'],
  ])('does not start, for %s', async (_, exportName, named) => {
    await using pool = new Pool()
    const spawned = pool.spawn({ name: 'bad', module: fixture('bad-exposures.mjs'), exportName })
    await expect(spawned).rejects.toMatchObject({
      code: 'ERR_TROUPE_START_FAILED',
      cause: { code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(named) },
    })
  })
})

describe('the decorator', () => {
  it.each<readonly [string, DefinitionName, string]>([
    ['on a static method', 'static', 'method'],
    ['on a private method', 'private', '#method'],
    ['on a method named by a symbol', 'symbol', 'Symbol(member)'],
    ['without a policy', 'none', 'method'],
    ['with what is no policy', 'noPolicy', 'method'],
  ])('%s throws when the class is defined', async (_, name, named) => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Definer>({ name: 'definer', module: fixture('definer.ts') })
    await expect(proxy.define(name)).rejects.toMatchObject({
      code: 'ERR_TROUPE_BAD_OPTIONS',
      message: expect.stringContaining(`@expose on "${named}"`),
    })
  })
})
